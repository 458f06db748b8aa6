/** Which of a model's inputs and outputs are audio, mask and logits, and what is said when there are none. */

import { describe, expect, test } from 'vitest';
import type { Graph, ValueInfo } from '../../src/onnx/graph/graph.ts';
import { float32 } from '../../src/onnx/graph/tensor.ts';
import { findModelIO } from '../../src/runtime/modelIO.ts';

const value = (name: string, type: ValueInfo['type'], ...dims: (string | number)[]): ValueInfo => ({
  name,
  type,
  dims,
});
const audio = value('input_values', 'float32', 'batch', 'samples');
const mask = value('attention_mask', 'int64', 'batch', 'samples');
const logits = value('logits', 'float32', 'batch', 'frames', 32);

const graph = (inputs: ValueInfo[], outputs: ValueInfo[], initializers: string[] = []): Graph => ({
  name: 'g',
  nodes: [],
  inputs,
  outputs,
  initializers: new Map(initializers.map((name) => [name, float32([1])])),
});

describe('findPorts', () => {
  test('audio and logits, whatever their names', () =>
    expect(findModelIO(graph([{ ...audio, name: 'x' }], [{ ...logits, name: 'y' }]), 'm')).toMatchObject({
      audio: { name: 'x' },
      mask: undefined,
      logits: { name: 'y' },
    }));
  test('a mask of integers, in either order', () =>
    expect(findModelIO(graph([mask, audio], [logits]), 'm')).toMatchObject({ audio, mask }));
  test('a mask of floats is known by its name', () => {
    const floats = value('attention_mask', 'float32', 'batch', 'samples');
    expect(findModelIO(graph([floats, audio], [logits]), 'm')).toMatchObject({ audio, mask: floats });
  });
  test('weights listed as inputs are none', () =>
    expect(findModelIO(graph([audio, value('w', 'float32', 4, 4)], [logits], ['w']), 'm').audio).toEqual(audio));
  test('several outputs: the one as wide as the vocabulary', () => {
    const hidden = value('last_hidden_state', 'float32', 'batch', 'frames', 768);
    expect(findModelIO(graph([audio], [hidden, logits]), 'm', 32).logits).toEqual(logits);
  });
  test('an output of unknown shape may be the logits', () =>
    expect(findModelIO(graph([audio], [{ name: 'o', type: 'float32', dims: undefined }]), 'm', 32).logits.name).toBe(
      'o',
    ));

  test.each([
    [
      'features instead of samples',
      [value('input_features', 'float32', 'b', 80, 3000)],
      [logits],
      /m\.onnx.*input_features float32 \[b, 80, 3000\]/u,
    ],
    ['token ids', [value('input_ids', 'int64', 'b', 's')], [logits], /takes samples/u],
    ['two audio inputs', [audio, { ...audio, name: 'second' }], [logits], /takes samples/u],
    ['another input beside', [audio, value('state', 'float32', 1, 1, 8)], [logits], /state/u],
    ['a class per utterance', [audio], [value('scores', 'float32', 'b', 5)], /CTC.*scores float32 \[b, 5\]/u],
    ['a vocabulary larger than the model', [audio], [value('logits', 'float32', 'b', 'f', 12)], /12 symbols.*32/u],
    ['one length baked in', [value('x', 'float32', 1, 16000)], [logits], /16000 samples/u],
  ])('refuses %s', (_, inputs, outputs, message) =>
    expect(() => findModelIO(graph(inputs, outputs), 'm.onnx', 32)).toThrow(message),
  );
});
