/** A step as a function of texts, and how steps are made of functions of single characters or phones. */

import type { Vocabulary } from '../vocabulary.ts';

/** A text after a step, and how many of its characters changed. */
export interface Changed {
  readonly text: string;
  readonly characters: number;
}

export type Change = (text: string) => Changed;

/** Changes every unit of a text, a character or a phone, by itself. An empty result removes it. */
export function changeUnits(vocabulary: Vocabulary, of: (unit: string) => string): Change {
  const known = new Map<string, string>();
  const changed = (unit: string): string => {
    const before = known.get(unit);
    if (before !== undefined) return before;
    const after = of(unit);
    known.set(unit, after);
    return after;
  };
  return (text) => {
    const after: string[] = [];
    let characters = 0;
    for (const unit of vocabulary.unitsOf(text)) {
      const now = changed(unit);
      if (now !== unit) characters += 1;
      if (now !== '') after.push(now);
    }
    return { text: characters === 0 ? text : vocabulary.textOf(after), characters };
  };
}

/** Replaces every match of a pattern. */
export function changeMatches(pattern: RegExp, of: (match: string) => string): Change {
  return (text) => {
    let characters = 0;
    const after = text.replace(pattern, (match) => {
      const result = of(match);
      if (result !== match) characters += Array.from(match).length;
      return result;
    });
    return { text: after, characters };
  };
}

/** Changes the whole text; the characters of another text count. */
export function changeText(of: (text: string) => string): Change {
  return (text) => {
    const after = of(text);
    return { text: after, characters: after === text ? 0 : countChanged(text, after) };
  };
}

/** Characters that are not where they were: exact where none came or went, else those between the equal ends. */
function countChanged(before: string, after: string): number {
  const [a, b] = [Array.from(before), Array.from(after)];
  if (a.length === b.length) return a.filter((character, at) => character !== b[at]).length;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return Math.max(a.length - start - end, 1);
}
