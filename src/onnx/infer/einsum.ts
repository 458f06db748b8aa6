/** Parses an Einsum equation. */

export interface Einsum {
  /** The label of each axis, for every input. Axes under an ellipsis are labelled "0", "1" … counted from the right. */
  readonly terms: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/**
 * An Einsum equation as labels per axis. Without an arrow, the output has the letters that occur once, in alphabetical order,
 * behind the ellipsis, as ONNX defines.
 * @throws if the equation and the number of inputs differ, or it has invalid characters.
 */
export function parseEinsum(equation: string, shapes: readonly (readonly number[])[]): Einsum {
  const text = equation.replaceAll(' ', '');
  const [left = '', right, ...rest] = text.split('->');
  const sources = left.split(',');
  if (rest.length > 0 || sources.length !== shapes.length || !/^[A-Za-z,.]*$/.test(left + (right ?? ''))) {
    throw new Error(`the Einsum equation "${equation}" does not fit ${shapes.length} inputs`);
  }
  const terms = sources.map((term, i) => labels(term, (shapes[i]?.length ?? 0) - term.replace('...', '').length));
  const widest = terms.flat().filter(isEllipsis).toSorted(byLabel).filter(isFirst).toReversed();
  if (right !== undefined) return { terms, output: labels(right, widest.length) };
  const letters = terms.flat().filter((label) => !isEllipsis(label));
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter));
  return { terms, output: [...widest, ...once.toSorted()] };
}

function labels(term: string, hidden: number): string[] {
  const [before = '', after] = term.split('...');
  if (after === undefined) return Array.from(before);
  const ellipsis = Array.from({ length: Math.max(0, hidden) }, (_, i) => `${hidden - 1 - i}`);
  return [...Array.from(before), ...ellipsis, ...Array.from(after)];
}

const isEllipsis = (label: string): boolean => /^\d+$/.test(label);
const byLabel = (a: string, b: string): number => Number(a) - Number(b);
const isFirst = (label: string, i: number, all: readonly string[]): boolean => all.indexOf(label) === i;
