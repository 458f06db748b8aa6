/** The forms in which a model can be exported, and the message after an export. */

import { byteSize, counted, percent } from '../../base/format.ts';
import type { ExportedModel } from '../../protocol/results/export.ts';

export interface ExportForm {
  readonly label: string;
  readonly buys: string;
  /** Flags of `pinch export`. */
  readonly flags: readonly string[];
}

export const exportForms: readonly ExportForm[] = [
  {
    label: 'Without dead units and heads',
    buys: 'smaller and faster in every runtime, if some were pruned; same results',
    flags: ['--shrink'],
  },
  {
    label: 'With 8-bit weights',
    buys: 'about a quarter of the file; results change a little, and speed depends on the processor',
    flags: ['--int8'],
  },
  { label: 'Both', buys: 'the smallest file', flags: ['--shrink', '--int8'] },
  {
    label: 'For transformers (Hugging Face checkpoint)',
    buys: 'model.safetensors and config.json, which from_pretrained loads in PyTorch, to run it there or to train on',
    flags: ['--to', 'huggingface'],
  },
  {
    label: 'For transformers.js',
    buys: 'the folder that its speech recognition pipeline loads, in a browser or in Node: in float32 and with 8-bit weights, with a model card',
    flags: ['--to', 'transformers.js', '--int8'],
  },
];

/** What was written: one file, or the folder where a user needs all of it. */
export const writtenPath = ({ for: target, folder, to }: ExportedModel): string =>
  target === 'transformers.js' ? folder : to.model;

/** @param name the path of what was written, within the workspace. */
export function describeExported({ from, to, shrunk, quantized, notes }: ExportedModel, name: string): string {
  const size = quantized
    ? `${byteSize(to.bytes)} in float32 and ${byteSize(quantized.bytes)} with 8-bit weights; the model was ${byteSize(from.bytes)}`
    : `${byteSize(to.bytes)}, ${percent(to.bytes / Math.max(1, from.bytes))} of the ${byteSize(from.bytes)} before`;
  const written = `Written: ${name}, ${size}.`;
  return [written, ...(shrunk === null ? [] : [describeShrunk(shrunk)]), ...notes].join(' ');
}

function describeShrunk(layers: NonNullable<ExportedModel['shrunk']>): string {
  return layers.length === 0
    ? 'No unit or head is dead, so none was removed.'
    : `Units or heads were removed from ${counted(layers.length, 'layer')}.`;
}
