/** The words of a text that a step changed, for an example. */

/** More than this is cut. */
const most = 40;
/** Characters beside those that changed. */
const nearby = 15;

/** From the first word that differs to the last; all of the text if that is most of it. */
export function changedPart(before: string, after: string): { readonly before: string; readonly after: string } {
  const [a, b] = [Array.from(before), Array.from(after)];
  const least = Math.min(a.length, b.length);
  let start = 0;
  while (start < least && a[start] === b[start]) start++;
  let end = 0;
  while (end < least - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const isSpace = (character: string | undefined): boolean => /^\s$/u.test(character ?? '');
  // To the ends of the words, which are far away where nothing stands between words.
  const [first, last] = [start, end];
  while (start > 0 && first - start < nearby && !(isSpace(a[start - 1]) && isSpace(b[start - 1]))) start--;
  while (end > 0 && last - end < nearby && !(isSpace(a[a.length - end]) && isSpace(b[b.length - end]))) end--;
  return { before: cut(a.slice(start, a.length - end)), after: cut(b.slice(start, b.length - end)) };
}

function cut(characters: readonly string[]): string {
  const shown = characters.length > most ? [...characters.slice(0, most - 1), '…'] : characters;
  // Spaces become one when all steps are done. A byte order mark, which trim() takes away, may be what changed.
  return shown.join('').replaceAll(/ +/gu, ' ').replaceAll(/^ | $/gu, '');
}
