/** Layers by kind: those of equal shape whose names differ in numbers only, as the same layer of every block does. */

import { count } from '../base/format.ts';
import { textTable } from '../base/textTable.ts';
import type { GatedLayer } from './layerChoice.ts';

export type ListedLayer = Pick<GatedLayer, 'name' | 'shape' | 'parameters' | 'reason'>;

/** What numbers the blocks in a name: `layers.3`, `layer_3`, `h.3`; but `ffn1` and `ffn2` are other layers of one block. */
const blockNumber = /(?<=(?:^|\.)(?:(?:layers?|blocks?|encoders?|h)[_-]?)?)\d+(?=\.|$)/gu;

/**
 * A line for each kind, in the order in which the first of each comes: the name with `*` for what counts the blocks, how many there are,
 * the shape of each, and what they have together. A kind of one layer has its own name.
 */
export function kindTable(layers: readonly ListedLayer[], others: readonly (readonly string[])[]): string {
  const kinds = new Map<string, ListedLayer[]>();
  for (const layer of layers) {
    const key = [layer.name.replace(blockNumber, '*'), layer.shape.join('x'), layer.reason].join('\n');
    kinds.set(key, [...(kinds.get(key) ?? []), layer]);
  }
  const rows = [...kinds.values()].map((alike) => {
    const [first] = alike;
    if (!first) return [];
    const parameters = alike.reduce((sum, layer) => sum + layer.parameters, 0);
    const shape = first.shape.map(count).join(' × ');
    return [commonName(alike.map(({ name }) => name)), String(alike.length), shape, count(parameters), first.reason];
  });
  return textTable([['layers', 'count', 'shape of each', 'parameters', ''], ...rows, ...others], [2, 4]);
}

/** Every layer in a line of its own. */
export function layerTable(layers: readonly ListedLayer[], others: readonly (readonly string[])[]): string {
  const rows = layers.map(({ name, shape, parameters, reason }) => [
    name,
    '1',
    shape.map(count).join(' × '),
    count(parameters),
    reason,
  ]);
  return textTable([['layer', 'count', 'shape', 'parameters', ''], ...rows, ...others], [2, 4]);
}

/** `encoder.layers.*.q_proj` of names that differ in the number of the layer; numbers that all share stay. */
function commonName(names: readonly string[]): string {
  const [first = [], ...rest] = names.map((name) => name.split(/(\d+)/u));
  return first.map((part, i) => (rest.every((other) => other[i] === part) ? part : '*')).join('');
}
