/** The names of a model's modules, as its exporter left them in the nodes. */

import type { Node } from './graph.ts';

/**
 * The path of the module that a node was exported from (`wav2vec2.encoder.layers.0.attention.q_proj`), empty for the model
 * itself; undefined if the node does not tell. PyTorch's dynamo exporter keeps it in the metadata, its older exporter in the name.
 */
export function moduleOf(node: Node): string | undefined {
  const scopes = node.metadata?.['pkg.torch.onnx.name_scopes'];
  return scopes === undefined ? moduleInName(node.name) : moduleInScopes(scopes);
}

/** A list as Python prints it, from the model down to the call itself, which is no module. */
function moduleInScopes(scopes: string): string | undefined {
  const path = Array.from(scopes.matchAll(/'([^']*)'|"([^"]*)"/g), ([, single, double]) => single ?? double ?? '');
  const module = path.at(-2);
  if (module === undefined) return undefined;
  // PyTorch's word for a node that belongs to no module.
  if (module === '_empty_nn_module_stack_from_metadata_hook') return '';
  // The second and later calls of one module are marked @1, @2 …
  return module.replace(/@\d+/g, '');
}

/** `/wav2vec2/encoder/layers.0/attention/q_proj/MatMul`; onnxruntime's fusions add a further part. */
function moduleInName(name: string): string | undefined {
  if (!name.startsWith('/')) return undefined;
  const parts = name
    .slice(1)
    .split('/')
    .filter((part) => part !== '' && !part.endsWith('Fusion'));
  return parts.slice(0, -1).join('.');
}

/** Whether a name can be a parameter's own name in PyTorch: a module path and a last part. Exporters' made-up names are not. */
export function isParameterName(name: string): boolean {
  return /^[A-Za-z_]\w*(\.\w+)+$/.test(name);
}

/** Whether the last part of a parameter's own name says that it is trained: `weight`, `bias`, `weight_g`, `in_proj_bias` … */
export function saysTrained(name: string): boolean {
  return isParameterName(name) && /(^|[._])(weight|bias)(_[a-z]+\d*)*(\.original\d*)?$/.test(name);
}

/** The module a parameter belongs to: its name without the last part, or parts where PyTorch computes the weight from others. */
export function moduleOfParameter(name: string): string {
  return name.replace(/(\.parametrizations\.\w+\.original\d*|\.\w+)$/, '');
}

/**
 * What all of a model's inner modules have in front of their names: `wav2vec2.`, where there is a `wav2vec2.encoder`. Layers are
 * shown without it. Empty if there is none.
 */
export function modelPrefix(names: Iterable<string>): string {
  for (const name of names) {
    const found = /^(.+?\.)encoder\./.exec(name)?.[1];
    if (found !== undefined) return found;
  }
  return '';
}

/** PyTorch's list of what a dynamo export's parameters (`PARAMETER`) and other stored tensors (`BUFFER` …) are, by name. */
export type Signature = ReadonlyMap<string, string>;

/** Reads `pkg.torch.export.ExportedProgram.graph_signature`. */
export function parseSignature(text: string): Signature {
  return new Map(
    Array.from(text.matchAll(/^\S+: (\w+) target='([^']+)'/gm), ([, kind = '', name = '']) => [name, kind]),
  );
}
