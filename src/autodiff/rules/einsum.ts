/** The gradient of Einsum: each input's gradient is an Einsum of the output's gradient and the other inputs, with the letters moved. */

import type { Operand, Value } from '../../onnx/graph/value.ts';
import { string, stringAttribute, type Node } from '../../onnx/graph/graph.ts';
import { parseEinsum, type Einsum } from '../../onnx/infer/einsum.ts';
import type { PartialRule } from '../rule.ts';
import { one, reshape } from './common.ts';

/**
 * dXᵢ = Einsum of G and all other inputs, over the labels of Xᵢ. A label that only Xᵢ has was summed alone: there the gradient is
 * constant along the axis, so it gets an axis of one element, which the loop repeats.
 */
export const einsum: PartialRule = {
  rule: one(({ b, node, inputs, needs }, g) => {
    const operands = present(inputs);
    const { terms, output } = parsed(node, operands);
    const letter = letters([...terms.flat(), ...output]);
    const spelled = (labels: readonly string[]): string => labels.map(letter).join('');
    return operands.map((_, i) => {
      if (!needs(i)) return undefined;
      const others = operands.filter((_, j) => j !== i);
      const sources = [output, ...terms.filter((_, j) => j !== i)];
      const known = new Set(sources.flat());
      const target = terms[i] ?? [];
      const held = target.filter((label) => known.has(label));
      const equation = `${sources.map(spelled).join(',')}->${spelled(held)}`;
      const product = b.op('Einsum', [g, ...others], { equation: string(equation) });
      const dims = product.dims.values();
      return reshape(
        b,
        product,
        target.map((label) => (known.has(label) ? (dims.next().value ?? 1) : 1)),
      );
    });
  }),
  unsupported: ({ node, inputs }) => {
    const diagonal = parsed(node, present(inputs)).terms.some((term) => new Set(term).size < term.length);
    return diagonal ? 'Einsum with a letter twice in one term has no gradient rule' : undefined;
  },
};

function present(inputs: readonly Operand[]): readonly Value[] {
  return inputs.flatMap((value) => (value ? [value] : []));
}

function parsed(node: Node, operands: readonly Value[]): Einsum {
  return parseEinsum(
    stringAttribute(node, 'equation', ''),
    operands.map((value) => value.dims),
  );
}

/** One letter for every label: the axes of an ellipsis get letters that the equation does not use. */
function letters(labels: readonly string[]): (label: string) => string {
  const own = new Set(labels);
  const spare = Array.from('ZYXWVUTSRQPONMLKJIHGFEDCBA').filter((letter) => !own.has(letter));
  return (label) => (/^\d+$/.test(label) ? (spare[Number(label)] ?? label) : label);
}
