/** What `pinch prune` does besides training in the foreground: says what it would do, and starts trainers that outlive it. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Preview } from '../../src/train/preview.ts';
import {
  pinch,
  readJson,
  recordsOf,
  toyModel,
  writeToyModel,
  writeToySettings,
  writeToySpeech,
  type Outcome,
} from '../train/toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-prune-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'speech'), 8);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const usual = ['--model', 'model', '--train', 'speech/manifest.jsonl', '--dev', 'speech/manifest.jsonl'];
const run = (...args: string[]): Promise<Outcome> => pinch(args, folder).ended;

describe('a dry run', () => {
  test('says what the run itself then says', async () => {
    const config = writeToySettings(join(folder, 'some.json'), { steps: 2, batch: { accumulate: 2 } });
    const flags = ['prune', ...usual, '--config', config, '--json'];
    const dry = await run(...flags, '--dry-run');
    expect(dry.code, dry.err).toBe(0);
    expect(existsSync(join(folder, '.pinch'))).toBe(false);
    const { settings, start, text } = JSON.parse(dry.out) as Preview;
    expect(text).toContain('encoder.layers.0.dense');
    expect(text).toContain('8 utterances');

    const done = await run(...flags, '--run', 'real');
    expect(done.code, done.err).toBe(0);
    expect(settings).toEqual(readJson(join(folder, 'real', 'run.json'))['settings']);
    const { time, attempt, ...real } = recordsOf(join(folder, 'real')).find(({ kind }) => kind === 'start') as never;
    expect([time, attempt]).not.toContain(undefined);
    // The guess depends on how fast the machine was just now.
    expect(start).toEqual({ ...(real as object), secondsExpected: expect.any(Number) as number });
  });

  test('prints a table for people', async () => {
    const { code, out } = await run('prune', ...usual, '--device', 'cpu', '--dry-run');
    expect(code).toBe(0);
    expect(out).toMatch(/^encoder\.layers\.1\.dense +32 x 32 +1,024/mu);
    expect(out.endsWith('\n')).toBe(true);
  });

  test('names every operator that cannot be trained, at once', async () => {
    const made = toyModel();
    const nodes = made.graph.nodes.map((node) =>
      ['Abs', 'Tanh'].includes(node.opType) ? { ...node, opType: `Odd${node.opType}` } : node,
    );
    writeToyModel(join(folder, 'odd'), { ...made, graph: { ...made.graph, nodes } });
    const { code, out } = await run('prune', ...usual, '--model', 'odd', '--device', 'cpu', '--dry-run', '--json');
    expect(code).toBe(1);
    const { status, message } = JSON.parse(out) as { status: string; message: string };
    expect(status).toBe('failed');
    expect(message).toMatch(/OddAbs/u);
    expect(message).toMatch(/OddTanh/u);
  });

  test('finds a development set that cannot be used', async () => {
    writeFileSync(join(folder, 'nothing.jsonl'), '');
    const flags = ['prune', ...usual, '--dev', 'nothing.jsonl', '--device', 'cpu', '--dry-run'];
    expect((await run(...flags)).err).toMatch(/nothing\.jsonl: this manifest is empty/u);
  });
});
