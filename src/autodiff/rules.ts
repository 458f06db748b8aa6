/** Operator to gradient rule. The whole of what Pinch can differentiate stands here. */

import type { RuleTable } from './backward.ts';

export const rules: RuleTable = {};
