/** What is tested inside the extension host: activation, commands, and the way from the sample to a diff without a page. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands, extensions, TabInputWebview, Uri, window, workspace } from 'vscode';

const folder = workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
const sample = join(folder, 'pinch-sample');
const model = join(sample, 'model');
/** The runs that the tests start, for the later ones. */
let done = '';

const tests: Readonly<Record<string, () => Promise<void>>> = {
  async 'the extension activates'() {
    const extension = extensions.getExtension('pinch.pinch');
    assert.ok(extension, 'it is not installed');
    await extension.activate();
    assert.ok(extension.isActive);
  },

  async 'every contributed command is registered'() {
    const { contributes } = extensions.getExtension('pinch.pinch')?.packageJSON as {
      contributes: { commands: { command: string }[] };
    };
    const registered = new Set(await commands.getCommands(true));
    const contributed = contributes.commands.map(({ command }) => command);
    assert.ok(contributed.length > 10);
    assert.deepEqual(
      contributed.filter((command) => !registered.has(command)),
      [],
    );
  },

  async 'Prune Model, called with everything it would ask for, prunes the sample to its target'() {
    done = await prune({ steps: 40, checkpoint: { everySteps: 20 } });
    const state = await until(done, ({ status }) => status !== 'starting' && status !== 'running', 300);
    assert.equal(state.status, 'done', state.message ?? '');
    const end = readFileSync(join(done, 'metrics.jsonl'), 'utf8').trim().split('\n').at(-1) ?? '';
    const { sparsity } = JSON.parse(end) as { sparsity: number };
    assert.ok(Math.abs(sparsity - 0.5) < 0.02, `its sparsity is ${sparsity}`);
    assert.ok(existsSync(checkpoint(40)));
  },

  async 'Evaluate Checkpoint keeps its result beside the checkpoint and opens a panel'() {
    const target = { kind: 'checkpoint', folder: done, model: checkpoint(40), data: join(sample, 'test.jsonl') };
    await commands.executeCommand('pinch.evaluateCheckpoint', target);
    const kept = join(done, 'checkpoints/step-000040/model.evaluations/test/evaluation.json');
    const { wer } = JSON.parse(readFileSync(kept, 'utf8')) as { wer: number };
    assert.ok(wer >= 0 && wer <= 2);
    await panel('evaluation');
  },

  async 'Diff Checkpoints opens a panel for two files'() {
    const both = [Uri.file(join(model, 'model.onnx')), Uri.file(checkpoint(40))];
    await commands.executeCommand('pinch.diffCheckpoints', both[0], both);
    await panel('diff');
  },

  async 'Stop Run and Resume Run'() {
    const run = await prune({ steps: 5000 });
    const target = { kind: 'run', folder: run };
    await until(run, ({ status, step }) => status === 'running' && step > 1, 120);
    await commands.executeCommand('pinch.stopRun', target);
    const stopped = await until(run, ({ status }) => status === 'stopped', 120);
    await commands.executeCommand('pinch.resumeRun', target);
    await until(run, ({ attempt, step }) => attempt === 2 && step > stopped.step, 120);
    await commands.executeCommand('pinch.stopRun', target);
    await until(run, ({ status }) => status === 'stopped', 120);
  },
};

/** VS Code calls this; it throws if a test failed. */
export async function run(): Promise<void> {
  const failed: string[] = [];
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`passed: ${name}`);
    } catch (error) {
      failed.push(name);
      console.error(`FAILED: ${name}\n`, error);
    }
  }
  console.log(`${Object.keys(tests).length - failed.length} passed, ${failed.length} failed`);
  if (failed.length > 0) throw new Error(`${failed.length} failed: ${failed.join('; ')}`);
}

async function prune(settings: object): Promise<string> {
  const folder = await commands.executeCommand<string | undefined>('pinch.pruneModel', {
    model,
    train: join(sample, 'train.jsonl'),
    dev: null,
    method: 'self-pinching',
    target: 0.5,
    device: 'cpu',
    settings,
    start: true,
  });
  assert.ok(folder, 'no run was started');
  return folder;
}

const checkpoint = (step: number): string => join(done, `checkpoints/step-${String(step).padStart(6, '0')}/model.onnx`);

interface State {
  readonly status: string;
  readonly step: number;
  readonly attempt: number;
  readonly message: string | null;
}

/** Waits until a run's state is as wanted. */
async function until(run: string, wanted: (state: State) => boolean, seconds: number): Promise<State> {
  const file = join(run, 'state.json');
  const last = Date.now() + 1000 * seconds;
  for (;;) {
    const state = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : undefined;
    if (state !== undefined && wanted(state)) return state;
    if (Date.now() > last) throw new Error(`after ${seconds} s its state is still ${JSON.stringify(state)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Waits until a tab of ours is open. */
async function panel(name: string): Promise<void> {
  const last = Date.now() + 60_000;
  const isOpen = (): boolean =>
    window.tabGroups.all
      .flatMap(({ tabs }) => tabs)
      .some(({ input }) => input instanceof TabInputWebview && input.viewType.endsWith(`pinch.${name}`));
  while (!isOpen()) {
    if (Date.now() > last) throw new Error(`no panel pinch.${name} opened`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
