/** The folder for transformers.js: its files, the names of the model's values, and that the model computes the same. */

import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { rewriteFile } from '../../../src/onnx/file/rewriteFile.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { ints } from '../../../src/onnx/graph/graph.ts';
import { renameValues } from '../../../src/onnx/passes/renameValues.ts';
import { exportModel } from '../../../src/measure/export/exportModel.ts';
import { temporaryFolder } from '../../onnx/smallFile.ts';
import { writeToyModel } from '../../train/toy.ts';

const folder = temporaryFolder();
const samples = 4000;

async function logits(path: string, input: string, output: string): Promise<ort.Tensor> {
  const session = await ort.InferenceSession.create(path);
  const audio = Float32Array.from({ length: 2 * samples }, (_, i) => Math.sin(i * i));
  const result = await session.run({ [input]: new ort.Tensor('float32', audio, [2, samples]) });
  await session.release();
  return result[output] as ort.Tensor;
}

const json = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

test('the files that the pipeline reads, with both models', async () => {
  const model = join(folder, 'toy');
  writeToyModel(model);
  const exported = await exportModel(model, { for: 'transformers.js', shrink: false, int8: true });
  expect(exported.folder).toBe(join(folder, 'toy-int8-transformers.js'));
  expect(exported.to.model).toBe(join(exported.folder, 'onnx/model.onnx'));
  expect(exported.quantized?.model).toBe(join(exported.folder, 'onnx/model_quantized.onnx'));
  expect(json(join(exported.folder, 'config.json'))).toMatchObject({ model_type: 'wav2vec2', vocab_size: 5 });
  expect(json(join(exported.folder, 'preprocessor_config.json'))).toMatchObject({
    feature_extractor_type: 'Wav2Vec2FeatureExtractor',
    sampling_rate: 16_000,
  });
  expect(json(join(exported.folder, 'tokenizer.json'))).toMatchObject({ decoder: {}, model: { vocab: {} } });
  const card = readFileSync(join(exported.folder, 'README.md'), 'utf8');
  expect(card).toContain('| `onnx/model_quantized.onnx` |');
  expect(card).toContain("dtype: 'q8'");
});

test('other names, and frames before utterances: input_values and logits [batch, frames, symbols] all the same', async () => {
  const original = join(folder, 'original');
  writeToyModel(original);
  const file = await loadModel(original);
  const [input = '', output = ''] = [file.model.graph.inputs[0]?.name, file.model.graph.outputs[0]?.name];
  // An inner value has the name that the output is to get.
  const renamed = renameValues(
    file,
    new Map([
      [input, 'audio'],
      [output, 'inner'],
    ]),
  );
  const turn = {
    opType: 'Transpose',
    domain: '',
    name: 'turn',
    inputs: ['inner'],
    outputs: ['time_major'],
    attributes: { perm: ints([1, 0, 2]) },
  };
  const nodes = [...renamed.model.graph.nodes, turn];
  const { proto } = rewriteFile(renamed, nodes, new Map());
  proto.graph!.output = proto.graph!.output.map((value) => ({ ...value, name: 'time_major' }));
  const timeMajor = renameValues({ ...renamed, proto }, new Map([['inner', 'logits']]));
  const path = join(folder, 'turned');
  await mkdir(path);
  writeToyModel(path);
  await saveModel(timeMajor, join(path, 'model.onnx'));
  await writeFile(join(path, 'config.json'), JSON.stringify({ model_type: 'wavlm' }));

  const exported = await exportModel(path, { for: 'transformers.js', shrink: false, int8: false });
  const [expected, found] = [
    await logits(join(original, 'model.onnx'), input, output),
    await logits(exported.to.model, 'input_values', 'logits'),
  ];
  expect(found.dims).toEqual(expected.dims);
  expect(found.data).toEqual(expected.data);
  expect(exported.notes).toEqual([
    'config.json says "wav2vec2" instead of "wavlm", because the pipeline of transformers.js knows no CTC models of that type.',
  ]);
});
