/**
 * `export --to transformers.js` in transformers.js itself: its speech recognition pipeline loads the folder without the network, and writes the
 * texts that Pinch recognises. PINCH_TRANSFORMERS_JS names a folder in which `npm install @huggingface/transformers` was run; without it
 * this is left out.
 */

import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { exportModel } from '../../src/measure/export/exportModel.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { Recognizer } from '../../src/runtime/recognize/recognizer.ts';
import { loadAudio } from '../../src/speech/audio/load.ts';
import { readManifest } from '../../src/speech/manifest/read.ts';
import { readProcessor } from '../../src/speech/text/processor.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const installed = process.env['PINCH_TRANSFORMERS_JS'];
if (installed === undefined) console.log('PINCH_TRANSFORMERS_JS is not set: no export is run in transformers.js.');

const clips = 20;
const folder = mkdtempSync(join(tmpdir(), 'pinch-transformers-js-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Recognises float32 files, as the library's users do but for reading audio, which Node cannot. */
const program = `
import { readFileSync } from 'node:fs';
import { env, pipeline } from '@huggingface/transformers';
env.allowRemoteModels = false;
const [folder, dtype, ...files] = process.argv.slice(2);
const transcribe = await pipeline('automatic-speech-recognition', folder, { dtype });
const texts = [];
for (const file of files) texts.push((await transcribe(new Float32Array(readFileSync(file).buffer))).text);
console.log(JSON.stringify(texts));
`;

async function inTransformersJs(model: string, dtype: string, files: readonly string[]): Promise<string[]> {
  const script = join(resolve(installed ?? ''), `pinch-${process.pid}.mjs`);
  writeFileSync(script, program);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, model, dtype, ...files]);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as string[];
  } finally {
    rmSync(script);
  }
}

describe.skipIf(installed === undefined)('the pipeline of transformers.js', { timeout: 120_000 }, () => {
  it.each(['models/w2v2-digits', 'cases/time-major', 'cases/probabilities'])(
    'writes the texts of Pinch for %s, in float32 and in 8 bits',
    async (name) => {
      const source = join(shared, name);
      const exported = await exportModel(source, {
        for: 'transformers.js',
        shrink: false,
        int8: true,
        out: mkdtempSync(join(folder, 'out-')),
      });
      const processor = await readProcessor(source);
      const utterances = (await readManifest(join(shared, 'data/digits/test.jsonl'))).slice(0, clips);
      const format = { sampleRate: processor.sampleRate, normalise: false };
      const audio = await Promise.all(utterances.map((utterance) => loadAudio(utterance, format)));
      const files = audio.map((samples, i) => {
        const file = join(folder, `${i}.f32`);
        writeFileSync(file, samples);
        return file;
      });
      for (const [dtype, file] of [
        ['fp32', 'model.onnx'],
        ['q8', 'model_quantized.onnx'],
      ] as const) {
        const own = mkdtempSync(join(folder, 'own-'));
        for (const each of readdirSync(source).filter((one) => one.endsWith('.json'))) {
          cpSync(join(source, each), join(own, each));
        }
        cpSync(join(exported.folder, 'onnx', file), join(own, file));
        renameSync(join(own, file), join(own, 'model.onnx'));
        const texts = await recognised(own);
        expect(texts.join(' ').length).toBeGreaterThan(clips);
        expect(await inTransformersJs(exported.folder, dtype, files)).toEqual(texts);
      }
      async function recognised(model: string): Promise<string[]> {
        const path = join(model, 'model.onnx');
        const recognizer = await Recognizer.open(path, await loadModel(path), processor, { device: 'cpu' });
        const texts: string[] = [];
        for (const utterance of utterances) {
          const samples = await loadAudio(utterance, { ...format, normalise: processor.normalise });
          texts.push(...(await recognizer.recognize([samples])).map(({ text }) => text));
        }
        await recognizer.dispose();
        return texts;
      }
    },
  );
});
