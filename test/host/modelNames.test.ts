/** What models are called: checkpoints by run and step, others by file or folder; and which came first. */

import { describe, expect, test } from 'vitest';
import { checkpointOf, isOlder, titleOf } from '../../src/host/modelNames.ts';

const checkpoint = (run: string, step: string): string => `/w/.pinch/runs/${run}/checkpoints/${step}/model.onnx`;

test.each([
  [checkpoint('digits-1', 'step-000500'), 'digits-1, step 500'],
  ['/models/digits/model.onnx', 'digits'],
  ['/models/digits', 'digits'],
  ['/models/digits/model/model.onnx', 'digits/model'],
  ['/models/digits/model', 'digits/model'],
  ['/models/digits.int8.onnx', 'digits.int8'],
])('%s is called %s', (path, name) => expect(titleOf(path)).toBe(name));

test.each([
  ['a folder that only looks like one', '/models/step-000500/model.onnx'],
  ['a step that is no number', checkpoint('a', 'step-latest')],
])('%s is no checkpoint', (_, path) => expect(checkpointOf(path)).toBeUndefined());

describe('what came before', () => {
  const early = checkpoint('a', 'step-000100');
  const late = checkpoint('a', 'step-001000');
  test.each([
    ['an earlier step of the same run', early, late, true],
    ['a later step', late, early, false],
    ['the original of a checkpoint', '/models/a/model.onnx', early, true],
    ['a checkpoint of its original', early, '/models/a/model.onnx', false],
    ['a step of another run', checkpoint('b', 'step-000001'), late, false],
    ['one of two other models', '/a/model.onnx', '/b/model.onnx', false],
  ])('%s', (_, one, other, older) => expect(isOlder(one, other)).toBe(older));
});
