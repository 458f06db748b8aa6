/** An utterance's reference and hypothesis with their alignment, compact enough to send ten thousand to a page at once. */

export interface AlignedText {
  readonly reference: string;
  readonly hypothesis: string;
  /**
   * The alignment as sclite's letters, one per step: `C` correct, `S` substitution, `D` deletion, `I` insertion. Null if the texts are too
   * long to align on the screen.
   */
  readonly edits: string | null;
}
