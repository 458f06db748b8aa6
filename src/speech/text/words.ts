/** How a vocabulary writes words, derived once from the tokenizer: training, recognition and scoring all take texts apart by this rule. */

import type { ScoringUnit } from '../../protocol/errorRate.ts';

/** SentencePiece's sign for a space: U+2581, a lower one eighth block. It is not the low line "_". */
export const wordMark = '\u2581';

export type WordRule =
  /** A token stands between words, such as "|" or a space. */
  | { readonly kind: 'delimiter'; readonly token: string }
  /** "▁" opens each word, as a token of its own or at the start of a longer one: SentencePiece. */
  | { readonly kind: 'mark' }
  /** Phones, separated in texts. The token between words is no phone: it is learned, and neither written nor scored. */
  | { readonly kind: 'phones'; readonly separator: string; readonly wordToken: string | undefined }
  /** No sign of a word, as for Chinese and Thai: characters are the units, and spaces are not written. */
  | { readonly kind: 'none' };

/** What a tokenizer says of words. */
export interface WordSettings {
  /** The token between words. It counts only if the vocabulary has it, which many files do not check. */
  readonly wordDelimiter?: string | undefined;
  /** What stands between phones in a text (`phone_delimiter_token`); only phoneme tokenizers have it. */
  readonly phoneDelimiter?: string | undefined;
}

/** The rule of a vocabulary. `tokens` are those that are text: without the blank, padding and the like. */
export function wordRule(tokens: ReadonlySet<string>, { wordDelimiter, phoneDelimiter }: WordSettings): WordRule {
  const named = wordDelimiter !== undefined && tokens.has(wordDelimiter) ? wordDelimiter : undefined;
  if (phoneDelimiter !== undefined) return { kind: 'phones', separator: phoneDelimiter, wordToken: named };
  if (named === wordMark) return { kind: 'mark' };
  if (named !== undefined) return { kind: 'delimiter', token: named };
  // transformers names "|" as the delimiter of a tokenizer that says nothing, whether it is a token or not.
  if ([...tokens].some((token) => token.startsWith(wordMark))) return { kind: 'mark' };
  return tokens.has(' ') ? { kind: 'delimiter', token: ' ' } : { kind: 'none' };
}

/** What error rates count. */
export function unitOf(rule: WordRule): ScoringUnit {
  if (rule.kind === 'phones') return 'phone';
  return rule.kind === 'none' ? 'character' : 'word';
}
