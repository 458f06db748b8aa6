/** One utterance's reference and hypothesis with their alignment, small enough that ten thousand go to a page at once. */

export interface AlignedText {
  readonly reference: string;
  readonly hypothesis: string;
  /**
   * The alignment as sclite's letters, one a step: `C` correct, `S` substitution, `D` deletion, `I` insertion. Null if the texts are too
   * long to be aligned on screen.
   */
  readonly edits: string | null;
}
