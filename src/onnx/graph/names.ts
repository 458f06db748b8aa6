/** Module names of a model, as its exporter left them in the nodes. */

import type { Node } from './graph.ts';

/**
 * The path of the module that a node was exported from (`wav2vec2.encoder.layers.0.attention.q_proj`), empty for the model
 * itself; undefined if unknown. PyTorch's dynamo exporter keeps it in the metadata, its older exporter in the name.
 */
export function moduleOf(node: Node): string | undefined {
  const scopes = node.metadata?.['pkg.torch.onnx.name_scopes'];
  return scopes === undefined ? moduleInName(node.name) : moduleInScopes(scopes);
}

/** A node's name within its module: `linear_3` or `MatMul_1`. */
export function callOf(node: Node): string {
  const scopes = node.metadata?.['pkg.torch.onnx.name_scopes'];
  return (scopes === undefined ? partsOf(node.name) : pathIn(scopes)).at(-1) ?? '';
}

function moduleInScopes(scopes: string): string | undefined {
  const module = pathIn(scopes).at(-2);
  // PyTorch's word for a node without a module.
  if (module === '_empty_nn_module_stack_from_metadata_hook') return '';
  // The second and later calls of one module are marked @1, @2 …
  return module?.replace(/@\d+/g, '');
}

/** A list in Python's notation, from the model down to the call itself. */
function pathIn(scopes: string): string[] {
  return Array.from(scopes.matchAll(/'([^']*)'|"([^"]*)"/g), ([, single, double]) => single ?? double ?? '');
}

function moduleInName(name: string): string | undefined {
  return name.startsWith('/') ? partsOf(name).slice(0, -1).join('.') : undefined;
}

/** `/wav2vec2/encoder/layers.0/attention/q_proj/MatMul`; onnxruntime's fusions add a further part. */
function partsOf(name: string): string[] {
  return name.split('/').filter((part) => part !== '' && !part.endsWith('Fusion'));
}

/** Whether a name can be a parameter's name in PyTorch: a module path and a last part. Names that exporters make up are not. */
export function isParameterName(name: string): boolean {
  return /^[A-Za-z_]\w*(\.\w+)+$/.test(name);
}

/** Whether the last part of a parameter's name is that of a trained tensor: `weight`, `bias`, `weight_g`, `in_proj_bias` … */
export function saysTrained(name: string): boolean {
  return isParameterName(name) && /(^|[._])(weight|bias)(_[a-z]+\d*)*(\.original\d*)?$/.test(name);
}

/** The module of a parameter: its name without the last part, or parts where PyTorch computes the weight from others. */
export function moduleOfParameter(name: string): string {
  return name.replace(/(\.parametrizations\.\w+\.original\d*|\.\w+)$/, '');
}

/** The common prefix of all inner modules: `wav2vec2.`, where there is a `wav2vec2.encoder`. Layers are shown without it. Empty if there is none. */
export function modelPrefix(names: Iterable<string>): string {
  for (const name of names) {
    const found = /^(.+?\.)encoder\./.exec(name)?.[1];
    if (found !== undefined) return found;
  }
  return '';
}

/** PyTorch's list of the tensors in a dynamo export. */
export interface Signature {
  /** The kind of each stored tensor, by its name: `PARAMETER`, `BUFFER` … */
  readonly kinds: ReadonlyMap<string, string>;
  /** The names of tensors, by their names in PyTorch's graph: `p_lm_head_weight`. */
  readonly placeholders: ReadonlyMap<string, string>;
}

/** Reads `pkg.torch.export.ExportedProgram.graph_signature`. */
export function parseSignature(text: string): Signature {
  const lines = Array.from(text.matchAll(/^(\S+): (\w+) target='([^']+)'/gm), ([, ...parts]) => parts);
  return {
    kinds: new Map(lines.map(([, kind = '', name = '']) => [name, kind])),
    placeholders: new Map(lines.map(([placeholder = '', , name = '']) => [placeholder, name])),
  };
}

/** The parameter that a dynamo export's node uses as its weight or bias, found from PyTorch's call; undefined if ambiguous. */
export function parameterOfCall(node: Node, role: 'weight' | 'bias', signature: Signature): string | undefined {
  const call = node.metadata?.['pkg.torch.onnx.fx_node'] ?? '';
  const [only, ...others] = Array.from(call.matchAll(/%(\w+)/g), ([, argument = '']) =>
    signature.placeholders.get(argument),
  )
    .filter((name) => name !== undefined)
    .filter((name) => signature.kinds.get(name) === 'PARAMETER' && /bias\w*$/.test(name) === (role === 'bias'));
  return others.length === 0 ? only : undefined;
}
