/** Which of a model's parameters a run trains, and which of them it gates. */

import type { Parameter } from '../onnx/parameters.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { chooseGates, type GateChoice } from '../prune/chooseGates.ts';
import { layerPattern } from '../prune/layerPattern.ts';

export interface LayerChoice extends GateChoice {
  readonly trained: boolean;
}

/**
 * A choice for each parameter, in their order. What is not trained has no gate either.
 * @throws Error naming a pattern that fits no layer, or that is no pattern.
 */
export function chooseLayers(
  parameters: readonly Parameter[],
  { gates, freeze, method }: Pick<RunSettings, 'gates' | 'freeze' | 'method'>,
): LayerChoice[] {
  const frozen = freeze.map((pattern) => ({ pattern, fits: layerPattern(pattern) }));
  return chooseGates(parameters, gates).map((choice) => {
    const found = frozen.find(({ fits }) => fits(choice.parameter.name));
    if (found) return { ...choice, trained: false, gated: false, reason: `not trained: ${found.pattern}` };
    if (method === 'none') return { ...choice, trained: true, gated: false, reason: 'no gates' };
    return { ...choice, trained: true };
  });
}
