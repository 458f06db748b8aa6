/** config.json is hostile until it is checked: whatever stands in a field, there is a model, or one sentence that names the file. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { buildGraph } from '../../src/huggingface/buildGraph.ts';
import { ImportError } from '../../src/huggingface/importError.ts';
import { readConfig } from '../../src/huggingface/readConfig.ts';
import { Weights } from '../../src/huggingface/weights.ts';
import { ProcessorError } from '../../src/speech/text/json.ts';
import type { CheckpointTensor } from '../../src/huggingface/checkpoint/checkpoint.ts';
import { familyCases } from './writtenCheckpoint.ts';

const nasty: readonly unknown[] = [
  ...[0, -1, 1, 2, 3, 7, 1.5, 1e9, 1e308, '', 'gelu', 'group', '__proto__', 'constructor', 'toString'],
  ...[null, true, false, [], {}, [0], [-1], [1e9], ['a'], [null], [[1]], [1, 1], [8, 8, 8], { length: 2 }],
];

async function* noPieces(): AsyncGenerator<Float32Array<ArrayBuffer>> {}

test('400 changed configurations of every family', async () => {
  const random = Random.seeded(5);
  const folder = await mkdtemp(join(tmpdir(), 'pinch-config-'));
  const outcomes = { written: 0, refused: 0 };
  for (const { config, tensors } of familyCases) {
    const checkpoint = new Map(
      Object.entries(tensors).map(([name, dims]): [string, CheckpointTensor] => {
        return [name, { name, dims, dtype: 'float32', float32Pieces: noPieces }];
      }),
    );
    const fields = Object.keys(config);
    for (let i = 0; i < 400; i++) {
      const changed: Record<string, unknown> = { ...config };
      for (let count = 1 + random.below(2); count > 0; count--)
        changed[fields[random.below(fields.length)]!] = nasty[random.below(nasty.length)];
      await writeFile(join(folder, 'config.json'), JSON.stringify(changed));
      try {
        const { family, model, takesMask } = await readConfig(folder);
        buildGraph(family, model, new Weights(folder, checkpoint, family.base), takesMask);
        outcomes.written += 1;
      } catch (error) {
        if (!(error instanceof ImportError || error instanceof ProcessorError)) throw error;
        expect(error.message.startsWith(folder)).toBe(true);
        expect(error.message).not.toMatch(/\n|undefined|NaN/u);
        outcomes.refused += 1;
      }
    }
  }
  expect(outcomes.written).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(1000);
});
