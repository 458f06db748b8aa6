/** A few steps of training by the command, with the settings of the reference's PyTorch runs. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');

interface Training {
  readonly model: string;
  /** What is trained on. */
  readonly manifest: string;
  readonly steps: number;
  /** Settings other than those of reference/yardstick.json. */
  readonly changes: object;
}

export async function trainInSteps({
  model,
  manifest,
  steps,
  changes,
}: Training): Promise<{ ctcLoss: number; sparsity: number }[]> {
  const run = await mkdtemp(join(tmpdir(), 'pinch-'));
  try {
    const settings = JSON.parse(await readFile(join(shared, 'reference/yardstick.json'), 'utf8')) as object;
    // Kept features are rounded to 16 bits, and those of group-norm models are without padding: not what PyTorch is given here.
    const own = { steps, features: 'recompute' };
    await writeFile(join(run, 'config.json'), JSON.stringify({ ...settings, ...own, ...changes }));
    await promisify(execFile)(
      process.execPath,
      [
        ...['dist/cli.js', 'prune', '--config', join(run, 'config.json'), '--model', model],
        ...['--train', manifest, '--dev', manifest, '--run', join(run, 'run'), '--json'],
      ],
      // Several runs go side by side.
      { env: { ...process.env, PINCH_THREADS: '1' } },
    );
    const lines = (await readFile(join(run, 'run/metrics.jsonl'), 'utf8')).trim().split('\n');
    return lines
      .map((line) => JSON.parse(line) as { kind: string; ctcLoss: number; sparsity: number })
      .filter(({ kind }) => kind === 'step');
  } finally {
    await rm(run, { recursive: true });
  }
}
