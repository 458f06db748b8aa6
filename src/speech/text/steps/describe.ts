/** What was done to texts, for people: a line for each step with its examples, and what was left and why. */

import { count, counted } from '../../../base/format.ts';
import { textTable } from '../../../base/textTable.ts';
import type { LeftKind, TextReport } from '../../../protocol/results/texts.ts';
import { codePoint } from '../codePoints.ts';

/** @param what are the texts, such as "training texts". Empty if nothing was changed or left. */
export function describeTexts({ texts, changes, left }: TextReport, what: string): string[] {
  const lines: string[] = [];
  if (changes.length > 0) {
    const rows = changes.flatMap(({ step, texts: changed, characters, examples }) =>
      examples.map(({ before, after }, at) => [
        ...(at === 0 ? [`  ${step}`, count(changed), count(characters)] : ['', '', '']),
        `${shown(before)} → ${shown(after)}`,
      ]),
    );
    lines.push(
      `The ${what} are spelled after these steps (setting "text"), of ${counted(texts, 'text')}:`,
      ...textTable([['  step', 'texts', 'characters', 'examples'], ...rows], [3])
        .trimEnd()
        .split('\n'),
    );
  }
  for (const { kind, texts: having, times, examples } of left) {
    const [one, many, advice] = leftWords[kind];
    const some = examples.map((example) => (kind === 'mark' ? codePoint(example) : shown(example))).join(', ');
    lines.push(
      `${counted(having, `of the ${what} has`, `of the ${what} have`)} ${counted(times, one, many)} that the vocabulary lacks, such as ${some}: ${advice}`,
    );
  }
  return lines;
}

const leftWords: Readonly<Record<LeftKind, readonly [one: string, many: string, advice: string]>> = {
  number: ['number in digits', 'numbers in digits', 'Pinch does not spell numbers out; write them as words.'],
  sign: [
    'sign that is read aloud',
    'signs that are read aloud',
    'write them as words, or name the words with {"replace": {"&": " and "}}.',
  ],
  marker: ['marker', 'markers', 'if they are no text, remove each with {"replace": {"[noise]": ""}}.'],
  mark: ['mark', 'marks', 'if the words are the same without, remove them with {"remove": "re:[\\\\p{M}\\u0640]"}.'],
};

/** In quotation marks, with characters that cannot be seen as their code points. */
function shown(text: string): string {
  return `"${text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (character) => `<${codePoint(character)}>`)}"`;
}
