/** The sentences that Pinch makes of onnxruntime's messages. */

import { expect, test } from 'vitest';
import { OnnxruntimeError } from '../../src/runtime/onnxruntimeError.ts';

test.each([
  [
    'a file and a function in front',
    "Non-zero status code returned while running Conv node. Name:'n' Status Message: conv.cc:261 Compute Conv : bias must be a 1D tensor of size output_channels (64)",
    'onnxruntime stopped at the node "n" (Conv): bias must be a 1D tensor of size output_channels (64).',
  ],
  [
    'a condition that failed',
    "Non-zero status code returned while running Add node. Name:'a' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:540 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 64 by 65\n",
    'onnxruntime stopped at the node "a" (Add): Attempting to broadcast an axis by a dimension other than 1. 64 by 65.',
  ],
  [
    'colours',
    "\u001b[1;31mNon-zero status code returned while running Mul node. Name:'m' Status Message: no\u001b[m",
    'onnxruntime stopped at the node "m" (Mul): no.',
  ],
  [
    'too little memory',
    "Non-zero status code returned while running MatMul node. Name:'m' Status Message: /o/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool) Failed to allocate memory for requested buffer of size 2400000000\n",
    'there is not enough memory to run it; 2.40 GB more were needed at the node "m" (MatMul).',
  ],
  ['no node', 'std::bad_alloc', 'there is not enough memory to run it.'],
])('a message with %s becomes one sentence', (_, raw, sentence) => {
  expect(new OnnxruntimeError('model.onnx', 'run', new Error(raw)).message).toBe(`model.onnx: ${sentence}`);
});
