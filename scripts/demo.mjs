/** The demo: prunes the bundled model on the bundled clips, then measures it against the model it came from. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sample = join(root, 'media/sample');
const model = join(sample, 'model');
const target = 0.65;

/** Runs a pinch command; its progress goes to the terminal, its result comes back. Ends the demo if the command fails. */
function pinch(...args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'dist/cli.js'), ...args, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else process.exit(code ?? 1);
    });
  });
}

/** A folder that no earlier demo has used. */
function freshRun() {
  const runs = join(root, '.pinch/runs');
  for (let number = 1; ; number++) {
    const run = join(runs, `demo-${number}`);
    if (!existsSync(run)) return run;
  }
}

const percent = (fraction) => `${(100 * fraction).toFixed(1)} %`;
const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;
const say = (text) => process.stdout.write(`${text}\n`);

// The command writes a checkpoint before it ends; the demo waits for that, and then ends with it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);

const started = Date.now();
const run = freshRun();
say(`Pruning the sample model to ${percent(target)} of its transformer blocks' weights, in one pass.`);
const data = (part) => join(sample, `${part}.jsonl`);
const { checkpoint } = await pinch(
  ...['prune', '--model', model, '--train', data('train'), '--dev', data('dev'), '--run', run, '--device', 'cpu'],
  ...['--target-sparsity', String(target), '--config', join(model, 'prune.json')],
);

say('\nMeasuring the pruned model and the one it came from, on clips that neither was trained on.');
const pruned = await pinch('evaluate', checkpoint, '--data', data('test'), '--against', model);
const dense = pruned.comparison.against;

const rows = [
  ['', 'before', 'after'],
  ['word error rate', percent(dense.wer), percent(pruned.wer)],
  ['parameters not zero', dense.nonZeroParameters, pruned.nonZeroParameters],
  ['zeros among gated weights', percent(dense.gated.sparsity), percent(pruned.gated.sparsity)],
  ['zeros among all', percent(dense.sparsity), percent(pruned.sparsity)],
  ['file, gzipped', kilobytes(dense.gzippedBytes), kilobytes(pruned.gzippedBytes)],
];
say('');
for (const [name, before, after] of rows)
  say(`${name.padEnd(26)}${String(before).padStart(10)}${String(after).padStart(10)}`);
say(
  `\nOne pass set ${percent(pruned.gated.sparsity)} of the gated weights to zero: gzipped, the file has ${kilobytes(pruned.gzippedBytes)} instead of ${kilobytes(dense.gzippedBytes)}; the word error rate is ${percent(pruned.wer)}, and was ${percent(dense.wer)}.`,
);
const { verdict, reason } = pruned.comparison;
const verdicts = {
  same: 'The difference in word errors is not significant.',
  better: 'The pruned model makes significantly fewer word errors.',
  worse: 'The pruned model makes significantly more word errors.',
  undecided: `Whether the word error rates differ is undecided. ${reason}`,
};
say(verdicts[verdict]);
say(
  `${Math.round((Date.now() - started) / 1000)} s in all. The pruned model is in ${relative(process.cwd(), checkpoint)}.`,
);
