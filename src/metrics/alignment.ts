/** Aligns a hypothesis with its reference, word by word, like NIST's sclite. */

/** One step of an alignment. A substitution has both words, a deletion only the reference's, an insertion only the hypothesis's. */
export type Edit =
  | { readonly kind: 'correct' | 'substitution'; readonly reference: string; readonly hypothesis: string }
  | { readonly kind: 'deletion'; readonly reference: string }
  | { readonly kind: 'insertion'; readonly hypothesis: string };

const costs = { substitution: 4, deletion: 3, insertion: 3 } as const;

/**
 * The cheapest alignment with sclite's costs: a substitution 4, a deletion or an insertion 3. Two substitutions cost less than two deletions
 * and two insertions, but five cost more than three of each, so the number of errors can exceed the edit distance.
 * Ties are broken as in sclite: a pair of words before an insertion, an insertion before a deletion, each seen from the end of the
 * utterance.
 */
export function align(reference: readonly string[], hypothesis: readonly string[]): Edit[] {
  const steps = cheapestSteps(reference, hypothesis);
  const width = hypothesis.length + 1;
  const edits: Edit[] = [];
  let row = reference.length;
  let column = hypothesis.length;
  while (row > 0 || column > 0) {
    const step = steps[row * width + column];
    const spoken = reference[row - 1] ?? '';
    const heard = hypothesis[column - 1] ?? '';
    if (step === pair) {
      edits.push({ kind: spoken === heard ? 'correct' : 'substitution', reference: spoken, hypothesis: heard });
      row--;
      column--;
    } else if (step === deletion) {
      edits.push({ kind: 'deletion', reference: spoken });
      row--;
    } else {
      edits.push({ kind: 'insertion', hypothesis: heard });
      column--;
    }
  }
  return edits.reverse();
}

const pair = 0;
const deletion = 1;
const insertion = 2;

/** The last step of the cheapest alignment for each pair of prefixes, row by row. */
function cheapestSteps(reference: readonly string[], hypothesis: readonly string[]): Uint8Array {
  const width = hypothesis.length + 1;
  const steps = new Uint8Array((reference.length + 1) * width).fill(insertion, 0, width);
  let above = Int32Array.from({ length: width }, (_, column) => column * costs.insertion);
  let row = new Int32Array(width);
  reference.forEach((spoken, index) => {
    const start = (index + 1) * width;
    row[0] = (index + 1) * costs.deletion;
    steps[start] = deletion;
    hypothesis.forEach((heard, before) => {
      const paired = (above[before] ?? 0) + (spoken === heard ? 0 : costs.substitution);
      const deleted = (above[before + 1] ?? 0) + costs.deletion;
      const inserted = (row[before] ?? 0) + costs.insertion;
      const least = Math.min(paired, deleted, inserted);
      row[before + 1] = least;
      steps[start + before + 1] = paired === least ? pair : inserted === least ? insertion : deletion;
    });
    [above, row] = [row, above];
  });
  return steps;
}

/** The minimum number of substitutions, deletions and insertions between two sequences (Levenshtein). */
export function editDistance<T>(from: readonly T[], to: readonly T[]): number {
  let above = Int32Array.from({ length: to.length + 1 }, (_, column) => column);
  let row = new Int32Array(to.length + 1);
  from.forEach((item, index) => {
    row[0] = index + 1;
    to.forEach((other, before) => {
      const paired = (above[before] ?? 0) + (item === other ? 0 : 1);
      row[before + 1] = Math.min(paired, (above[before + 1] ?? 0) + 1, (row[before] ?? 0) + 1);
    });
    [above, row] = [row, above];
  });
  return above[to.length] ?? 0;
}
