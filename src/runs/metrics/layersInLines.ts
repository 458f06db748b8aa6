/** The form of metrics.jsonl before layers.f32: step lines end with `"layers":[{"name":…,"threshold":…,"sparsity":…},…]`. Such runs are read, never written. */

import * as v from 'valibot';
import { unknownLayers, type LayerNumbers } from '../../protocol/series.ts';

const layersBegin = ',"layers":[{';

/** Bytes of the longest line that is parsed as it is: those of the present form are shorter. */
const longLine = 512;

/** The text of a line, without a long list of layers at its end: parsing gigabytes of them would take a minute. */
export function textWithoutLayers(bytes: Buffer, start: number, end: number): string {
  if (end - start <= longLine) return bytes.toString('utf8', start, end);
  const line = bytes.subarray(start, end);
  const at = line.toString('latin1', line.length - 3) === '}]}' ? line.indexOf(layersBegin) : -1;
  // Nothing else may be cut off with them. (The start line names layers, too, but not at its end.)
  if (at < 0 || line.lastIndexOf('[') !== at + layersBegin.length - 2) return line.toString();
  return `${line.toString('utf8', 0, at)},"layers":[]}`;
}

const stepWithLayers = v.object({
  layers: v.array(v.object({ name: v.string(), threshold: v.nullable(v.number()), sparsity: v.number() })),
});

/** The numbers in a step line of that form, by the names of the start line; NaN for a layer that the line does not have. */
export function layersOfLine(line: Buffer, names: readonly string[]): LayerNumbers {
  const numbers = unknownLayers(names.length);
  let found: v.InferOutput<typeof stepWithLayers>;
  try {
    found = v.parse(stepWithLayers, JSON.parse(line.toString()));
  } catch {
    return numbers;
  }
  const byName = new Map(found.layers.map((layer) => [layer.name, layer]));
  for (const [at, name] of names.entries()) {
    const { threshold, sparsity } = byName.get(name) ?? { threshold: null, sparsity: NaN };
    numbers.thresholds[at] = threshold ?? NaN;
    numbers.sparsities[at] = sparsity;
  }
  return numbers;
}
