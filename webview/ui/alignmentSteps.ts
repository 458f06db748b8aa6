/** The steps of an alignment, word by word, decoded from its letters. */

import type { AlignedText } from '../../src/protocol/views/alignedText.ts';

export interface AlignmentStep {
  readonly kind: 'C' | 'S' | 'D' | 'I';
  /** Absent in an insertion. */
  readonly reference?: string;
  /** Absent in a deletion. */
  readonly hypothesis?: string;
}

/** Undefined if there is no alignment. */
export function alignmentSteps({ reference, hypothesis, edits }: AlignedText): AlignmentStep[] | undefined {
  if (edits === null) return undefined;
  const spoken = words(reference);
  const heard = words(hypothesis);
  let [said, got] = [0, 0];
  return Array.from(edits, (kind): AlignmentStep => {
    switch (kind) {
      case 'D':
        return { kind, reference: spoken[said++] ?? '' };
      case 'I':
        return { kind, hypothesis: heard[got++] ?? '' };
      default:
        return { kind: kind === 'C' ? 'C' : 'S', reference: spoken[said++] ?? '', hypothesis: heard[got++] ?? '' };
    }
  });
}

/** The errors in words, for screen readers; undefined without an alignment. */
export function spokenErrors(text: AlignedText): string | undefined {
  const sentences = alignmentSteps(text)
    ?.filter(({ kind }) => kind !== 'C')
    .map(({ kind, reference = '', hypothesis = '' }) => {
      if (kind === 'S') return `${reference} recognised as ${hypothesis}`;
      return kind === 'D' ? `${reference} left out` : `${hypothesis} added`;
    });
  return sentences && (sentences.length === 0 ? 'No errors' : sentences.join(', '));
}

function words(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}
