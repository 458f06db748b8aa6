/** Patterns that name layers in settings: `encoder.layers.0` or `re:.*lm_head`. */

/** What a pattern is matched against. */
export interface Named {
  /** The layer without what all of the model's layers start with: `encoder.layers.0.attention.q_proj`. */
  readonly layer: string;
  /** The parameter in full: `wav2vec2.encoder.layers.0.attention.q_proj.weight`. */
  readonly name: string;
}

/**
 * A layer's name means that layer and all within it, with or without the model's own prefix. After `re:` comes a regular expression
 * that must match from the start of either name, as in llm-compressor's recipes.
 * @throws Error naming the pattern if it is not a regular expression.
 */
export function layerPattern(pattern: string): (named: Named) => boolean {
  if (!pattern.startsWith('re:')) {
    const within = (name: string): boolean => name === pattern || name.startsWith(`${pattern}.`);
    return ({ layer, name }) => within(layer) || within(name);
  }
  const expression = compile(pattern);
  return ({ layer, name }) => expression.test(layer) || expression.test(name);
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern.slice('re:'.length)})`, 'u');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The layer pattern "${pattern}" is not a regular expression: ${reason}`);
  }
}
