/**
 * `export --shrink` and `export --int8` of eight architectures, by both of PyTorch's exporters, whole and pruned: onnxruntime as it is runs every
 * file, a shrunk one computes what it came from, and one in 8 bits recognises the same texts. The models are made here, by formats_models.py,
 * so this needs a Python with torch and transformers: PINCH_PYTHON, or python3; without one it is left out. PINCH_FORMATS names a folder with
 * models that were made before.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkModel } from '../../src/onnx/graph/check.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { bestPath, collapse } from '../../src/speech/text/greedy.ts';
import { readProcessor } from '../../src/speech/text/processor.ts';
import type { Vocabulary } from '../../src/speech/text/vocabulary.ts';
import { exportModel } from '../../src/measure/export/exportModel.ts';
import type { ExportedModel } from '../../src/protocol/results/export.ts';
import { MadeModels, canExport, python } from './madeModels.ts';

const families = [
  ...['Wav2Vec2', 'Hubert', 'WavLM', 'Data2VecAudio', 'UniSpeech', 'UniSpeechSat', 'SEW'],
  ...['Wav2Vec2Conformer', 'Wav2Vec2ConformerRotary'],
];
/** What PyTorch 2.13 writes for relative positions fails in onnxruntime itself at some lengths. */
const exportersOf = (family: string): string[] => (family === 'Wav2Vec2Conformer' ? ['legacy'] : ['dynamo', 'legacy']);
const canMake = process.env['PINCH_FORMATS'] !== undefined || canExport();
if (!canMake)
  console.log(
    `${python} lacks torch, transformers, soundfile, onnx or onnxscript: no exports of eight architectures are shrunk or quantized.`,
  );

/** How far logits are from those of the model they came from, as a share of the largest. */
const most = { shrunk: 1e-5, int8: 0.05 };

const models = new MadeModels(process.env['PINCH_FORMATS']);
const out = mkdtempSync(join(tmpdir(), 'pinch-forms-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

describe.skipIf(!canMake)('an export', { timeout: 900_000 }, () => {
  beforeAll(() => models.start((folder) => ['test/shared/formats_models.py', folder]));
  afterAll(() => models.end(), 900_000);

  const of = (state: string): [string, string][] =>
    families.flatMap((family) =>
      exportersOf(family).map((exporter) => [family, `${state}/${exporter}`] as [string, string]),
    );

  it.each(of('whole'))('of %s, %s', async (family, name) => {
    await models.wait(family);
    const model = join(models.folder, family, name);
    const float = await recognise(model);
    expect(float.texts).toEqual(await spoken());
    const shrunk = await write(model, { shrink: true, int8: false });
    expect(shrunk.shrunk).toEqual([]);
    await compare(`${family}, ${name}`, float, shrunk, 'shrunk');
    await compare(`${family}, ${name}`, float, await write(model, { shrink: false, int8: true }), 'int8');
  });

  it.each(of('pruned'))('of %s, %s', async (family, name) => {
    await models.wait(family);
    const model = join(models.folder, family, name);
    const float = await recognise(model);
    expect(float.texts).toEqual(await spoken());
    const shrunk = await write(model, { shrink: true, int8: false });
    const groups = shrunk.shrunk?.map(({ groups, kept, held }) => ({ groups, kept: held ? 0 : kept })) ?? [];
    const dead = JSON.parse(await readFile(join(model, '../dead.json'), 'utf8')) as typeof groups;
    expect(groups.toSorted(bySize)).toEqual(removable(family, dead).toSorted(bySize));
    expect(shrunk.to.parameters).toBeLessThan(shrunk.from.parameters);
    await compare(`${family}, ${name}`, float, shrunk, 'shrunk');
    await compare(`${family}, ${name}`, float, await write(model, { shrink: false, int8: true }), 'int8');
    const both = await write(model, { shrink: true, int8: true });
    expect(both.to.bytes).toBeLessThan(shrunk.to.bytes);
    await compare(`${family}, ${name}, shrunk`, float, both, 'int8');
  });
});

interface Groups {
  readonly groups: number;
  readonly kept: number;
}

/**
 * WavLM's gates of relative positions take the hidden channels apart, a part for each head. So a head stays while another one does, and all go
 * as the 12 channels that each head has.
 */
function removable(family: string, dead: readonly Groups[]): readonly Groups[] {
  if (family !== 'WavLM') return dead;
  return dead.flatMap((layer) => (layer.groups > 4 ? [layer] : layer.kept === 0 ? [{ groups: 12, kept: 0 }] : []));
}

const bySize = (a: Groups, b: Groups): number => a.groups - b.groups || a.kept - b.kept;

function write(model: string, form: { shrink: boolean; int8: boolean }): Promise<ExportedModel> {
  return exportModel(model, { ...form, out: mkdtempSync(join(out, 'form-')) });
}

interface Recognised {
  readonly logits: Float32Array;
  readonly texts: readonly string[];
}

async function compare(
  title: string,
  float: Recognised,
  { to }: ExportedModel,
  form: 'shrunk' | 'int8',
): Promise<void> {
  expect(checkModel((await loadModel(to.model)).model)).toEqual([]);
  const found = await recognise(join(to.model, '..'));
  const largest = float.logits.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
  const off = farthest(found.logits, float.logits) / largest;
  console.log(`${title}, ${form}: logits differ by ${off.toExponential(1)} of the largest`);
  expect(off).toBeLessThan(most[form]);
  expect(found.texts).toEqual(float.texts);
}

/** What stock onnxruntime gives for all recordings as one batch. */
async function recognise(folder: string): Promise<Recognised> {
  const { samples, texts } = await speech();
  const audio = new Float32Array((await readFile(join(models.folder, 'speech.f32'))).buffer);
  const session = await ort.InferenceSession.create(join(folder, 'model.onnx'));
  try {
    const input = new ort.Tensor('float32', audio, [texts.length, samples]);
    const { logits } = await session.run({ input_values: input });
    return readTexts(logits!, (await readProcessor(folder)).vocabulary);
  } finally {
    await session.release();
  }
}

function readTexts({ data, dims }: ort.Tensor, vocabulary: Vocabulary): Recognised {
  const logits = data as Float32Array;
  const [count = 0, frames = 0, symbols = 0] = dims;
  const text = (_: unknown, i: number): string =>
    vocabulary.text(collapse(bestPath(logits.subarray(i * frames * symbols), frames, symbols), vocabulary.blank));
  return { logits: logits.slice(), texts: Array.from({ length: count }, text) };
}

const speech = async (): Promise<{ samples: number; texts: string[] }> =>
  JSON.parse(await readFile(join(models.folder, 'speech.json'), 'utf8')) as { samples: number; texts: string[] };

const spoken = async (): Promise<string[]> => (await speech()).texts;

/** The largest difference; Infinity where a number is none, or there are not as many. */
function farthest(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, value, i) => {
    const difference = Math.abs(value - b[i]!);
    return Number.isNaN(difference) ? Infinity : Math.max(most, difference);
  }, 0);
}
