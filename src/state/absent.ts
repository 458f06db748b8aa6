/** What is said of parameters that PyTorch lists and an exported graph does not hold. */

/** A sentence in a list; empty if there are none. @param names as PyTorch has them */
export function describeAbsent(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 4);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return [`Not trained, because the exported graph does not hold them: ${shown.join(', ')}${more}.`];
}
