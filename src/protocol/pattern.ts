/** Names in settings that may be regular expressions: those begin with `re:`. */

const sign = 're:';

/** Whether it is a name of at least one character, or `re:` and a regular expression that is valid with the flag `u`. */
export function isPattern(text: string): boolean {
  if (!isExpression(text)) return text.length > 0;
  try {
    return new RegExp(text.slice(sign.length), 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

export function isExpression(text: string): boolean {
  return text.startsWith(sign);
}

/** Finds every place of a pattern; what is no expression is found literally. */
export function everyPlace(pattern: string): RegExp {
  const source = isExpression(pattern) ? pattern.slice(sign.length) : pattern.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
  return new RegExp(source, 'gu');
}
