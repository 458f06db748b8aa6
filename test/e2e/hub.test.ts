/** From an empty folder at the keyboard: a gated model of the hub, pruned on clips, evaluated, and exported for other programs. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hubServer } from '../huggingface/pull/hubServer.ts';
import { useBench } from './bench.ts';
import { acceptNotification, take, typeCommand, typeInto } from './keys.ts';
import { copySpeech, sampleCheckpoint } from './sample.ts';

const token = 'hf_onlyForThisTest';
const files = await sampleCheckpoint();
// The token is asked of every request. Slow enough for its progress to be seen.
const hub = await hubServer(files, { id: 'org/spoken-commands', token, slow: 100 });
const bench = useBench({
  story: true,
  width: 1440,
  height: 900,
  environment: { HF_ENDPOINT: hub.endpoint, HF_TOKEN: '', HF_HUB_CACHE: '/nowhere' },
  settings: { 'pinch.prune.epochs': 4, 'pinch.prune.batchSeconds': 8 },
});
afterAll(() => hub.close());

const minutes = 60_000;
const title = 'Pinch: Get Model from Hugging Face…';
const at = (...path: string[]): string => join(bench.server.folder, ...path);
/** A page takes the focus back when a list closes, also from the next list, which then hears no key. */
async function leavePage(): Promise<void> {
  await typeCommand(bench.workbench, 'Pinch: Focus on Runs View');
  await bench.workbench.view('Runs').locator('.monaco-list:focus').waitFor();
}

const checkpoints = (): string => {
  const runs = at('.pinch/runs');
  return join(runs, readdirSync(runs)[0] ?? '', 'checkpoints');
};

test('the views without runs offer it', async () => {
  const { workbench } = bench;
  await typeCommand(workbench, 'View: Show Pinch');
  await workbench.view('Runs').locator('.monaco-button', { hasText: 'Get Model from Hugging Face…' }).waitFor();
  const page = await workbench.webview('heatmap');
  await page.getByRole('button', { name: 'Get Model from Hugging Face…' }).waitFor();
  await workbench.picture('hub-1-empty');
});

test('Get Model says what is wrong with a name', async () => {
  const { workbench } = bench;
  await typeCommand(workbench, title);
  await typeInto(workbench, 'owner/name@revision', 'spoken-commands');
  await workbench.page.getByText('Write owner/name, as on the hub').first().waitFor();
  await workbench.picture('hub-2-name');
  await workbench.page.keyboard.press('Escape');
  await expect.poll(workbench.isAsking).toBe(false);
});

test('a gated model needs a token, which is neither on a command line nor in settings or logs', async () => {
  const { workbench, server } = bench;
  await typeCommand(workbench, title);
  await typeInto(workbench, 'owner/name@revision', 'org/spoken-commands@main');
  await workbench.page.keyboard.press('Enter');
  await typeInto(workbench, 'it is gated or private. Check the name, or enter a token', token);
  await workbench.picture('hub-3-token');
  await workbench.page.keyboard.press('Enter');
  await workbench.notified('Getting org/spoken-commands: model.safetensors (MB): 1 of 3');
  const commands = server.programs().filter((command) => command.includes(' pull org/spoken-commands'));
  expect(commands.map((command) => command.includes('--token-env PINCH_HUB_TOKEN'))).toEqual([true]);
  expect(server.programs().join('\n')).not.toContain(token);
  await workbench.picture('hub-4-progress');
  expect(await workbench.notified('org/spoken-commands is in')).toBe(
    'org/spoken-commands is in models/spoken-commands: 5 files, 2.1 MB.',
  );
  for (const [name, content] of Object.entries(files))
    expect(readFileSync(at('models/spoken-commands', name)).equals(content), name).toBe(true);
  expect(server.filesWith(' pull org/spoken-commands').length).toBeGreaterThan(0);
  expect(server.filesWith(token)).toEqual([]);
  // A notification slides in.
  await workbench.page.waitForTimeout(1000);
  await workbench.picture('hub-5-there');
});

test(
  'its button prunes it: the model is known, the speech is asked for',
  async () => {
    const { workbench } = bench;
    copySpeech(bench.server.folder);
    await acceptNotification(workbench);
    const offered = ['train.jsonl', 'dev.jsonl', 'Single weights', '65 %', 'auto', 'Start'];
    for (const [place, label] of offered.entries()) {
      if (label === 'Start') {
        await workbench.choice('Start').waitFor({ timeout: 2 * minutes });
        expect((await workbench.choices()).join('\n')).toMatch(/Gated: 442,368 of 529,\d{3} parameters/u);
        await workbench.picture('hub-6-start');
      }
      await take(workbench, label, `(${place + 1}/${offered.length})`);
    }
    await workbench.notified(/is done: 6\d\.\d % of the gated weights are zero/u, undefined, 5 * minutes);
    await workbench.picture('hub-7-pruned');
    await typeCommand(workbench, 'Notifications: Clear All Notifications');
  },
  8 * minutes,
);

test(
  'Evaluate Checkpoint',
  async () => {
    const { workbench } = bench;
    await typeCommand(workbench, 'Pinch: Evaluate Checkpoint');
    await take(workbench, 'best', 'Evaluate Checkpoint', 'best');
    await take(workbench, 'test.jsonl', 'Evaluate Checkpoint', 'test');
    const page = await workbench.webview('evaluation', 3 * minutes);
    await page.getByText('Word error rate').first().waitFor();
    await workbench.picture('hub-8-evaluation');
  },
  4 * minutes,
);

test(
  'Evaluate Checkpoint of the model as it came, a Hugging Face checkpoint',
  async () => {
    const { workbench } = bench;
    await leavePage();
    await typeCommand(workbench, 'Pinch: Evaluate Checkpoint');
    await take(workbench, 'spoken-commands', 'Evaluate Checkpoint', 'models/spoken-commands');
    await take(workbench, 'test.jsonl', 'Evaluate Checkpoint');
    const tab = workbench.page.locator('.tabs-container .tab', { hasText: 'Evaluation: spoken-commands' });
    await tab.waitFor({ timeout: 3 * minutes });
    const page = await workbench.webview('evaluation');
    await page.getByText('.pinch/models/spoken-commands-').waitFor();
    await page.getByText('clips/test-0013.wav').waitFor();
    await workbench.picture('hub-9-as-it-came');
  },
  4 * minutes,
);

test(
  'Export Model for transformers',
  async () => {
    const { workbench } = bench;
    await leavePage();
    await typeCommand(workbench, 'Pinch: Export Model…');
    await take(workbench, 'best', 'Export Model', 'best');
    await workbench.page.getByPlaceholder('in which form?').waitFor();
    await workbench.picture('hub-10-forms');
    await take(workbench, 'For transformers (Hugging Face checkpoint)', 'Export Model', 'from_pretrained');
    expect(await workbench.notified('model.safetensors', undefined, 2 * minutes)).toMatch(
      /^Written: .*\/step-\d+-huggingface\/model\.safetensors, 2\.1 MB, \d+\.\d % of the 2\.\d MB before\.$/u,
    );
    await workbench.picture('hub-11-huggingface');
    const folder = readdirSync(checkpoints()).find((name) => name.endsWith('-huggingface')) ?? '';
    expect(readdirSync(join(checkpoints(), folder)).sort()).toEqual(Object.keys(files).sort());
  },
  4 * minutes,
);

test(
  'Export Model for transformers.js',
  async () => {
    const { workbench } = bench;
    await leavePage();
    await typeCommand(workbench, 'Pinch: Export Model…');
    await take(workbench, 'best', 'Export Model', 'best');
    await take(workbench, 'For transformers.js', 'Export Model', 'browser');
    expect(await workbench.notified('8-bit', undefined, 2 * minutes)).toMatch(
      /^Written: .*\/step-\d+-int8-transformers\.js, 2\.\d MB in float32 and \d+ kB with 8-bit weights; the model was 2\.\d MB\.$/u,
    );
    await workbench.picture('hub-12-transformers.js');
    const folder = readdirSync(checkpoints()).find((name) => name.endsWith('transformers.js')) ?? '';
    for (const name of ['onnx/model.onnx', 'onnx/model_quantized.onnx', 'config.json', 'tokenizer.json', 'README.md'])
      expect(existsSync(join(checkpoints(), folder, name)), name).toBe(true);
    // The evaluation before is in its card.
    expect(readFileSync(join(checkpoints(), folder, 'README.md'), 'utf8')).toMatch(/\| test \| \d+\.\d+ % \|/u);
  },
  4 * minutes,
);

test('the token is forgotten when that is wanted', async () => {
  const { workbench } = bench;
  await leavePage();
  await typeCommand(workbench, 'Pinch: Forget Hugging Face Token');
  await workbench.notified(/The token for 127\.0\.0\.1:\d+ was removed\./u);
  await typeCommand(workbench, title);
  await typeInto(workbench, 'owner/name@revision', 'org/other');
  await workbench.page.keyboard.press('Enter');
  await workbench.page.locator('.quick-input-widget:visible', { hasText: 'There is no model "org/other"' }).waitFor();
  await workbench.page.keyboard.press('Escape');
});

test('no webview has broken its policy or failed', () => expect(bench.workbench.problems).toEqual([]));
