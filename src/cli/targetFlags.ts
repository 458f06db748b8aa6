/** Parsers for commander of sizes and latencies. */

import { latencyForm, sizeForm, type CostForm, type CostTarget } from '../protocol/costTarget.ts';
import { UsageError } from './output.ts';

/** @param flag its name in messages. */
export const sizeFlag = (flag: string): ((text: string) => CostTarget) => targetFlag(flag, sizeForm);

/** @param flag its name in messages. */
export const latencyFlag = (flag: string): ((text: string) => CostTarget) => targetFlag(flag, latencyForm);

function targetFlag(flag: string, { examples, parse }: CostForm): (text: string) => CostTarget {
  return (text) => {
    const target = parse(text);
    if (!target) throw new UsageError(`${flag} must be ${examples}; it is "${text}".`);
    return target;
  };
}
