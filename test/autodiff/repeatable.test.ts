/** A resumed run must repeat the interrupted one bit for bit, so gradients must not depend on how threads happen to run. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { backward } from '../../src/autodiff/backward.ts';
import { Builder } from '../../src/onnx/graph/builder.ts';
import type { Value } from '../../src/onnx/graph/value.ts';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import { int } from '../../src/onnx/graph/graph.ts';
import { int64 } from '../../src/onnx/graph/tensor.ts';

const count = 50_000;
const rows = 7;

/** Many reads of few rows: every row's gradient is the sum of thousands of numbers. */
const reads: readonly { name: string; read: (b: Builder, table: Value) => Value }[] = [
  {
    name: 'Gather',
    read: (b, table) => b.op('Gather', [table, b.constant(int64(places))], { axis: int(0) }),
  },
  {
    name: 'GatherND',
    read: (b, table) => b.op('GatherND', [table, b.constant(int64(places, [count, 1]))]),
  },
  {
    name: 'GatherElements',
    read: (b, table) => {
      const column = b.constant(int64(places, [count, 1]));
      return b.op('GatherElements', [table, b.op('Expand', [column, b.ints([count, 16])])], { axis: int(0) });
    },
  },
];

const places = Array.from({ length: count }, (_, i) => (i * 7919 + (i >> 3)) % rows);

it.each(reads)('the gradient of $name is the same every time, on four threads', async ({ read }) => {
  const b = new Builder();
  const table = b.input('table', 'float32', [rows, 16]);
  const picked = read(b, table);
  const seed = b.input('seed', 'float32', picked.dims);
  b.output(backward(b, new Map([[picked, seed]]), [table]).get(table)!, 'gradient');
  const bytes = encodeModel({ graph: b.graph('reads'), opsets: new Map([['', 20]]) });
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 4, logSeverityLevel: 3 });
  const feeds = {
    table: new Tensor('float32', new Float32Array(rows * 16), [rows, 16]),
    seed: new Tensor(
      'float32',
      Float32Array.from({ length: count * 16 }, (_, i) => Math.sin(i)),
      picked.dims,
    ),
  };
  const first = (await session.run(feeds))['gradient']!.data;
  for (let again = 0; again < 5; again++) expect((await session.run(feeds))['gradient']!.data).toEqual(first);
});
