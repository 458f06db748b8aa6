/** Chooses the layers of a model that get a gate, and gives the reason for each. */

import type { Parameter } from '../onnx/model/parameters.ts';
import { layerPattern } from './layerPattern.ts';

export interface GateRules {
  /** Layers to gate. If empty, the weight matrices of the transformer blocks. */
  readonly include: readonly string[];
  /** Layers that are never gated. */
  readonly ignore: readonly string[];
  /** Whether the convolutions of the feature encoder are gated, too; their channels are groups. */
  readonly encoderChannels?: boolean;
}

/** The rules of a run that sets none. */
export const defaultGateRules: GateRules = { include: [], ignore: ['re:.*lm_head'] };

export interface GateChoice {
  readonly parameter: Parameter;
  readonly gated: boolean;
  /** A few words for a table. */
  readonly reason: string;
}

/** The fused operators are onnxruntime's (domain com.microsoft). */
const linear: ReadonlySet<string> = new Set(['MatMul', 'Gemm', 'FusedMatMul', 'FusedGemm']);

/** A matrix with fewer rows or columns is too small to gate, such as WavLM's gates of 8 columns. */
const usualSmallestSide = 16;

/** A block in a list of its kind: `encoder.layers.3.`, `blocks.3.`, `layer.3.`, `h.3.` */
const inBlock = /(^|\.)(layers?|blocks?|h)\.\d+\./u;

/** A layer of the feature encoder, as all wav2vec2-like models call it. */
const inEncoder = /(^|\.)conv_layers\.\d+\./u;

/**
 * A choice for each parameter, in their order. The default is ours. Like published wav2vec2 pruning configurations, it leaves out the
 * convolutional feature encoder, the feature projection, the positional convolution, norms, biases and the CTC head.
 * @param smallestSide of matrices that the default gates; 1 for a model whose units and heads have become fewer.
 * @throws Error naming a pattern of `include` that matches no layer, or that is invalid.
 */
export function chooseGates(
  parameters: readonly Parameter[],
  rules: GateRules = defaultGateRules,
  smallestSide = usualSmallestSide,
): GateChoice[] {
  const include = rules.include.map((pattern) => ({ pattern, fits: layerPattern(pattern) }));
  const ignore = rules.ignore.map((pattern) => ({ pattern, fits: layerPattern(pattern) }));
  for (const { pattern, fits } of include) {
    if (!parameters.some((parameter) => isMatrix(parameter) && fits(parameter.name))) {
      throw new Error(`gates.include: no layer of this model is called "${pattern}"; pinch inspect lists their names.`);
    }
  }
  return parameters.map((parameter) => {
    const no = (reason: string): GateChoice => ({ parameter, gated: false, reason });
    const yes = (reason: string): GateChoice => ({ parameter, gated: true, reason });
    if (!isMatrix(parameter)) return no(parameter.role === 'bias' ? 'bias' : 'vector');
    const ignored = ignore.find(({ fits }) => fits(parameter.name));
    if (ignored) return no(`ignored: ${ignored.pattern}`);
    if (rules.encoderChannels === true && isEncoderConvolution(parameter))
      return yes('convolution of the feature encoder');
    if (include.length > 0) {
      const included = include.find(({ fits }) => fits(parameter.name));
      return included ? yes(`included: ${included.pattern}`) : no('not included');
    }
    if (!linear.has(parameter.opType)) return no(`${parameter.opType}, not a linear layer`);
    if (!isInBlock(parameter)) return no('outside the transformer blocks');
    if (Math.min(...parameter.dims) < smallestSide) return no(`a side shorter than ${smallestSide}`);
    return yes('linear layer of a transformer block');
  });
}

/** All linear layers, if no name says that a layer is in a transformer block: the names are then not those of modules. */
export function namelessLayers(parameters: readonly Parameter[]): readonly Parameter[] {
  const layers = parameters.filter((parameter) => isMatrix(parameter) && linear.has(parameter.opType));
  return layers.some(isInBlock) ? [] : layers;
}

const isInBlock = ({ layer }: Parameter): boolean => inBlock.test(`${layer}.`);

export const isEncoderConvolution = ({ layer, opType }: Parameter): boolean =>
  opType === 'Conv' && inEncoder.test(`${layer}.`);

/** Whether its weights differ in more than one index: shapes such as [64, 1] are vectors. */
export function isMatrix({ role, dims }: Pick<Parameter, 'role' | 'dims'>): boolean {
  return role === 'weight' && dims.filter((dim) => dim > 1).length >= 2;
}
