/**
 * Long recordings go in windows: with no more word errors than one forward pass over the whole, and within the memory that was foreseen.
 *
 * Clips of the digits are two to six seconds long, and w2v2-digits was trained on such. Joined to 150 s, a forward pass over the whole has
 * 13.8 % word errors, PyTorch's as ours, where the clips alone have 5.5 %; windows of 20 s have 8.7 %, of 5 s 6.9 %. So what joining costs
 * is the model's, and windows cost nothing. Normalising each window by itself changes nothing: the encoder's group norm does it anyway.
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scoreUtterance } from '../../src/metrics/score.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { AudioLoader } from '../../src/speech/audio/audioLoader.ts';
import { readManifest } from '../../src/speech/manifest/read.ts';
import { readProcessor } from '../../src/speech/text/processor.ts';
import { TextSteps } from '../../src/speech/text/steps/textSteps.ts';
import { autoSteps } from '../../src/protocol/textSteps.ts';
import type { Evaluation } from '../../src/protocol/results/evaluation.ts';
import type { RecognitionPlan } from '../../src/runtime/recognize/recognitionPlan.ts';
import { Recognizer } from '../../src/runtime/recognize/recognizer.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const model = join(shared, 'models/w2v2-digits');
const rate = 16_000;

let folder = '';
let text = '';
let audio = new Float32Array();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-long-'));
  const utterances = (await readManifest(join(shared, 'data/digits/test.jsonl'))).slice(0, 50);
  const loader = new AudioLoader({ sampleRate: rate, normalise: false, worker: builtWorker() });
  const clips = await Promise.all(utterances.map((utterance) => loader.load(utterance)));
  await loader.close();
  text = utterances.map((utterance) => utterance.text).join(' ');
  audio = Float32Array.from(clips.flatMap((clip) => [...clip]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const builtWorker = (): URL => new URL('../../dist/audio-worker.js', import.meta.url);

function wav(samples: Float32Array): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + 2 * samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    header.writeUInt16LE(value, at);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(2 * rate, 28);
  header.write('data', 36);
  header.writeUInt32LE(2 * samples.length, 40);
  return Buffer.concat([header, Buffer.from(Int16Array.from(samples, (sample) => Math.round(32_767 * sample)).buffer)]);
}

/** The joined clips so many times one behind the other, as a manifest of one recording. */
function recording(times: number): string {
  const all = new Float32Array(times * audio.length);
  for (let i = 0; i < times; i++) all.set(audio, i * audio.length);
  writeFileSync(join(folder, `${times}.wav`), wav(all));
  const manifest = join(folder, `${times}.jsonl`);
  const said = Array.from({ length: times }, () => text).join(' ');
  writeFileSync(manifest, JSON.stringify({ audio_filepath: `${times}.wav`, text: said }));
  return manifest;
}

/** The built command in a process of its own, whose largest memory it tells when it ends. */
async function evaluated(manifest: string): Promise<{ readonly evaluation: Evaluation; readonly bytes: number }> {
  const tell = 'process.on("exit",()=>process.stderr.write(`${process.resourceUsage().maxRSS} kB at most\\n`))';
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', `data:text/javascript,${tell}`, 'dist/cli.js', 'evaluate', model, '--data', manifest, '--json'],
    { maxBuffer: 2 ** 26 },
  );
  const [, kilobytes = ''] = /(\d+) kB at most/u.exec(stderr) ?? [];
  return { evaluation: JSON.parse(stdout) as Evaluation, bytes: 1024 * Number(kilobytes) };
}

test('the case: 150 s of silence, within the memory foreseen', async () => {
  const { evaluation, bytes } = await evaluated(join(shared, 'cases/long-recording/dev-150s.jsonl'));
  expect(evaluation.utterances).toBe(1);
  expect(bytes).toBeGreaterThan(50e6);
  expect(bytes).toBeLessThan(evaluation.memoryBytes);
  expect(evaluation.memoryBytes).toBeLessThan(600e6);
});

test('joined digits: in windows no worse than in one piece', async () => {
  const file = await loadModel(model);
  const processor = await readProcessor(model);
  const loader = new AudioLoader({ sampleRate: rate, normalise: processor.normalise, worker: builtWorker() });
  const [utterance] = await readManifest(recording(1));
  const samples = await loader.load(utterance!);
  await loader.close();
  const werOf = async (plan?: Partial<RecognitionPlan>): Promise<number> => {
    const recognizer = await Recognizer.open(file.path, file, processor, {
      device: 'cpu',
      plan: plan && { window: 0, overlap: 0, whole: Infinity, rowsAtOnce: () => 1, bytes: () => 0, ...plan },
    });
    try {
      const { window, whole } = recognizer.planned();
      if (!plan) expect(whole).toBeLessThan(samples.length);
      if (!plan) expect(window).toBeLessThanOrEqual(20 * rate);
      const [heard] = await recognizer.recognize([samples]);
      const { errors, words } = scoreUtterance(
        new TextSteps(autoSteps, processor.vocabulary).apply(text),
        heard?.text ?? '',
      );
      return errors / words;
    } finally {
      await recognizer.dispose();
    }
  };
  const windows = await werOf();
  const whole = await werOf({});
  expect(windows).toBeLessThan(whole + 0.005);
  // As measured, with a word or two of room.
  expect(windows).toBeLessThan(0.08);
});

test('twenty minutes: the errors of each part, within the memory foreseen', async () => {
  const one = await evaluated(recording(1));
  const eight = await evaluated(recording(8));
  expect(eight.evaluation.wer).toBeLessThan(one.evaluation.wer + 0.015);
  for (const { evaluation, bytes } of [one, eight]) expect(bytes).toBeLessThan(evaluation.memoryBytes);
});
