/** Shows characters of texts with their code points: many that a data set has cannot be seen, or look like another. */

/** `"é" (U+00E9)`; a character that cannot be seen by itself only by its code: `U+200B`. */
export function showCharacters(text: string): string {
  const codes = Array.from(text, codePoint);
  // Marks alone would join the quote before them; the others have no shape.
  const visible = !/[\p{C}\p{Z}]/u.test(text) && !/^\p{M}/u.test(text);
  return visible ? `"${text}" (${codes.join(' ')})` : codes.join(' ');
}

/** `U+00E9` */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
