/** `<unk>` and `[noise]` in texts: they stand for what is heard, and without their brackets they would be taken for words. */

import type { Vocabulary } from '../vocabulary.ts';
import type { Change } from './change.ts';

/** One marker, up to 40 characters long. */
export const marker = /\[[^[\]\n]{1,40}\]|<[^\s<>](?:[^<>\n]{0,38}[^\s<>])?>/gu;

/** Carries a step out on what is between the markers, which stay as they are: unless the vocabulary writes brackets. */
export function outsideMarkers(change: Change, vocabulary: Vocabulary): Change {
  return (text) => {
    if (!/[[<]/u.test(text)) return change(text);
    let result = '';
    let characters = 0;
    const add = (part: string): void => {
      const changed = change(part);
      result += changed.text;
      characters += changed.characters;
    };
    let from = 0;
    for (const { 0: match, index } of text.matchAll(marker)) {
      if (vocabulary.has(match.slice(0, 1))) continue;
      add(text.slice(from, index));
      result += match;
      from = index + match.length;
    }
    add(text.slice(from));
    return { text: result, characters };
  };
}
