/** Converts nodes from the opsets of exporters to the one of training graphs. */

import type { Operand, Value } from '../graph/value.ts';
import { describe, type Node } from '../graph/graph.ts';
import { knownOperators } from '../infer/infer.ts';
import { maskedFillAdapters } from '../passes/maskedFill.ts';
import { attentionAdapters } from './attention.ts';
import { attributeAdapters } from './attributes.ts';
import { same, type Adapter, type AdapterTable } from './common.ts';
import { contributedAdapters } from './contributed.ts';
import { normalizationAdapters } from './normalization.ts';
import type { Rewriter } from '../graph/rewriter.ts';

/** The opset of every training graph: the first with Gelu, and one that onnxruntime's WebGPU provider has kernels for. */
export const trainingOpset = 20;

/** Before opset 7, broadcasting had another form. No exporter of recent years uses an older one. */
const oldestOpset = 7;

const adapters: Readonly<Record<string, AdapterTable>> = {
  '': { ...attributeAdapters, ...normalizationAdapters, ...attentionAdapters },
  'com.microsoft': contributedAdapters,
  ...maskedFillAdapters,
};

/** @throws if the model's opset is too old to read. */
export function checkOpset(opsets: ReadonlyMap<string, number>): void {
  const version = versionOf(opsets, '');
  if (version < oldestOpset) {
    throw new Error(`the model is in ONNX opset ${version}; export it again with opset 13 or newer`);
  }
}

/** Whether a node can be written into a training graph. */
export function isKnown(node: Node): boolean {
  return adapterOf(node) !== undefined;
}

/**
 * Writes a node of a model and returns its outputs, undefined for unsupported ones.
 * @param node with the empty string for outputs that nothing reads.
 */
export function adapt(
  r: Rewriter,
  node: Node,
  inputs: readonly Operand[],
  opsets: ReadonlyMap<string, number>,
): readonly (Value | undefined)[] {
  const adapter = adapterOf(node);
  if (!adapter) throw new Error(`${describe(node)}: the operator is not known`);
  const { name, metadata } = node;
  const options = { name, outputNames: node.outputs, ...(metadata ? { metadata } : {}) };
  return adapter({ r, node, inputs, version: versionOf(opsets, domainOf(node)), options });
}

function adapterOf(node: Node): Adapter | undefined {
  const domain = domainOf(node);
  const table = Object.hasOwn(adapters, domain) ? adapters[domain] : undefined;
  if (table && Object.hasOwn(table, node.opType)) return table[node.opType];
  return domain === '' && knownOperators.has(node.opType) ? asItIs : undefined;
}

/** ONNX's own domain has two names. */
const domainOf = ({ domain }: Node): string => (domain === 'ai.onnx' ? '' : domain);

const asItIs: Adapter = (adaptation) => same(adaptation);

function versionOf(opsets: ReadonlyMap<string, number>, domain: string): number {
  return opsets.get(domain) ?? (domain === '' ? opsets.get('ai.onnx') : undefined) ?? 1;
}
