/** Transcripts in NIST's `trn` form, one utterance per line, for sclite and similar tools. */

/** Characters with a meaning in sclite: alternatives, optional words, tags, comments, null words, fragments' stars, its own escape. */
const special = /[(){}\\/@*:;%"<>]/gu;

/**
 * One line per utterance: its words, then its id in brackets. In words, a character that sclite would read as markup is written as %XX; in
 * ids, every character but letters, digits, `.`, `_` and `-` is. References and hypotheses change alike, so no count changes.
 */
export function formatTrn(utterances: readonly { readonly id: string; readonly text: string }[]): string {
  return utterances
    .map(
      ({ id, text }) =>
        `${text.trim().replace(/\s+/gu, ' ').replace(special, encode)} (${id.replace(/[^\w.-]/gu, encode)})\n`,
    )
    .join('');
}

function encode(character: string): string {
  return [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
