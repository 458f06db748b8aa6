/** Patterns for layers in settings: `feature_extractor`, `layers.0`, or `re:.*lm_head`. */

/**
 * Whether a parameter's full name (`wav2vec2.encoder.layers.0.attention.q_proj.weight`) matches a pattern: a part of the name between
 * dots, or after `re:` a regular expression that matches anywhere in it. As in the settings' `freeze`.
 * @throws Error naming the pattern if it is not a regular expression.
 */
export function layerPattern(pattern: string): (name: string) => boolean {
  if (!pattern.startsWith('re:')) return (name) => `.${name}.`.includes(`.${pattern}.`);
  const expression = compile(pattern);
  return (name) => expression.test(name);
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern.slice('re:'.length), 'u');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The layer pattern "${pattern}" is not a regular expression: ${reason}`);
  }
}
