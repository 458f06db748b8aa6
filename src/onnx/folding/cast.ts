/** Evaluates conversions between element types. */

import type { DataType } from '../graph/tensor.ts';
import { build, element, input, isBig, isBits, isFloat, output } from './common.ts';
import type { Element, Evaluator, EvaluatorTable } from './common.ts';

/** Only conversions that C++ defines: a float outside the integer's range is left to onnxruntime. */
const cast: Evaluator = (known) => {
  const x = input(known, 0);
  const { type, dims } = output(known);
  if (type === x.type) return { ...x, dims };
  if (isBits(x.type) || isBits(type)) return undefined;
  if (type === 'bool') return build({ type, dims }, (i) => (isZero(element(x, i)) ? 0 : 1));
  if (isFloat(type)) return build({ type, dims }, (i) => Number(element(x, i)));
  const inRange = isFloat(x.type) ? fits(type) : () => true;
  if (!Array.from(x.data as ArrayLike<Element>).every(inRange)) return undefined;
  return build({ type, dims }, (i) => {
    const value = element(x, i);
    if (isBig(type)) return BigInt(typeof value === 'bigint' ? value : Math.trunc(value));
    return typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : Math.trunc(value);
  });
};

export const casts: EvaluatorTable = { Cast: cast, CastLike: cast };

const isZero = (value: Element): boolean => value === 0 || value === 0n;

/** Whether an integer type can hold a float's whole part. */
function fits(type: DataType): (value: Element) => boolean {
  const signed = type.startsWith('int');
  const bits = Number(type.replace(/\D/g, ''));
  const low = signed ? -(2 ** (bits - 1)) : 0;
  const high = 2 ** (signed ? bits - 1 : bits);
  return (value) => Math.trunc(Number(value)) >= low && Math.trunc(Number(value)) < high;
}
