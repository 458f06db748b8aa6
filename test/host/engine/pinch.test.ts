/** The command as a child process: result, error, progress, cancel, each with a small real program in the command's place. */

import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CommandCancelled, CommandFailed, createPinch, type CommandProgress } from '../../../src/host/engine/pinch.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinch-command-'));
let number = 0;

/** @param cwd the default folder. */
function pinchThat(program: string, cwd?: string) {
  const file = join(folder, `${++number}.mjs`);
  writeFileSync(file, program);
  const lines: string[] = [];
  const node = () => Promise.resolve({ path: process.execPath, version: '20.9.0', environment: { SOME: 'value' } });
  return {
    pinch: createPinch(
      file,
      node,
      (line) => lines.push(line),
      () => cwd,
    ),
    lines,
  };
}

test('the JSON that was printed is the result, and the arguments and the environment arrive', async () => {
  const { pinch } = pinchThat(
    `process.stdout.write(JSON.stringify({ args: process.argv.slice(2), some: process.env.SOME, progress: process.env.PINCH_PROGRESS }))`,
  );
  expect(await pinch.run(['inspect', 'a b.onnx'])).toEqual({
    args: ['inspect', 'a b.onnx', '--json'],
    some: 'value',
    progress: 'json',
  });
});

test('it can be started by somebody else', async () => {
  const { pinch } = pinchThat('');
  const { path, args, environment } = await pinch.invocation(['study', 'a b.json']);
  expect([path, args.slice(1), environment]).toEqual([process.execPath, ['study', 'a b.json'], { SOME: 'value' }]);
  expect(args[0]).toMatch(/\.mjs$/u);
});

test('a result in several pieces is put together, characters of several bytes included', async () => {
  const { pinch } = pinchThat(`
    const bytes = Buffer.from(JSON.stringify({ text: 'ü'.repeat(200000) }));
    process.stdout.write(bytes.subarray(0, 10), () => setTimeout(() => process.stdout.write(bytes.subarray(10)), 30));`);
  expect(await pinch.run([])).toEqual({ text: 'ü'.repeat(200000) });
});

test('a failure says its message', async () => {
  const { pinch } = pinchThat(
    `process.stdout.write(JSON.stringify({ status: 'failed', message: 'No such model.' })); process.exitCode = 1;`,
  );
  await expect(pinch.run([])).rejects.toThrow(/^No such model\.$/u);
});

test('a failure has what else was printed', async () => {
  const { pinch } = pinchThat(
    `process.stdout.write(JSON.stringify({ status: 'failed', message: 'No.', refusal: { status: 401 } })); process.exitCode = 1;`,
  );
  const error: unknown = await pinch.run([]).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CommandFailed);
  expect((error as CommandFailed).printed).toMatchObject({ refusal: { status: 401 } });
});

test('a variable of the caller arrives, and is not logged', async () => {
  const { pinch, lines } = pinchThat(`process.stdout.write(JSON.stringify({ mine: process.env.MINE }))`);
  expect(await pinch.run(['pull'], { environment: { MINE: 'hf_secret' } })).toEqual({ mine: 'hf_secret' });
  expect(lines).toEqual(['pinch pull']);
});

test('it runs in the folder that is named, else in the default one', async () => {
  const { pinch } = pinchThat(`process.stdout.write(JSON.stringify({ cwd: process.cwd() }))`, folder);
  expect(await pinch.run([])).toEqual({ cwd: realpathSync(folder) });
  expect(await pinch.run([], { cwd: '/' })).toEqual({ cwd: '/' });
});

test('a crash says the last line of standard error', async () => {
  const { pinch } = pinchThat(`console.error('first'); console.error('out of memory'); process.exitCode = 134;`);
  await expect(pinch.run([])).rejects.toThrow(/^out of memory$/u);
});

test('a crash without a word says how it ended', async () => {
  const { pinch } = pinchThat(`process.kill(process.pid, 'SIGKILL');`);
  await expect(pinch.run(['evaluate'])).rejects.toThrow(/^pinch evaluate ended unexpectedly/u);
});

test('progress is told and not logged; other lines are logged', async () => {
  const { pinch, lines } = pinchThat(`
    console.error('{"progress":{"label":"test.jsonl","done":3,"total":10}}');
    console.error('a warning');
    process.stdout.write('{}');`);
  const told: CommandProgress[] = [];
  await pinch.run(['evaluate'], { onProgress: (progress) => told.push(progress) });
  expect(told).toEqual([{ label: 'test.jsonl', done: 3, total: 10 }]);
  expect(lines).toEqual(['pinch evaluate', 'a warning']);
});

test('cancelling ends the process', async () => {
  const { pinch } = pinchThat(`console.error('{"progress":{"label":"started"}}'); setInterval(() => {}, 1000);`);
  const abort = new AbortController();
  const run = pinch.run([], { signal: abort.signal, onProgress: () => abort.abort() });
  await expect(run).rejects.toBeInstanceOf(CommandCancelled);
});

test('what is cancelled before it starts is not started', async () => {
  const { pinch, lines } = pinchThat(`process.stdout.write('{}')`);
  await expect(pinch.run([], { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(CommandCancelled);
  expect(lines).toEqual([]);
});
