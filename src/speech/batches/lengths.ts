/** Chooses the few lengths that a run's batches are padded to: every length is a training graph of its own. */

/** A length of audio and the utterances that are padded to it. */
export interface Bucket {
  /** Samples of each row. */
  readonly samples: number;
  /** Rows of each batch. */
  readonly rows: number;
  /** Indices of its utterances, in the order they came. */
  readonly members: readonly number[];
}

/** A further length must save this share of the audio that is processed in an epoch to be worth a further graph. */
const worthwhile = 0.03;

/**
 * Groups utterances by length so that an epoch processes the least audio, padding and unfilled rows included, with at most `most` groups.
 * Dynamic programming over the distinct lengths, which are multiples of `grid`.
 * @param lengths samples of each utterance.
 * @param grid samples that every length is rounded up to a multiple of.
 * @param rowsFor rows of a batch whose rows have so many samples; at least 1.
 */
export function chooseBuckets(
  lengths: readonly number[],
  grid: number,
  rowsFor: (samples: number) => number,
  most = 4,
): Bucket[] {
  const rounded = lengths.map((length) => Math.max(grid, Math.ceil(length / grid) * grid));
  const edges = [...new Set(rounded)].sort((a, b) => a - b);
  const counts = new Map<number, number>();
  for (const length of rounded) counts.set(length, (counts.get(length) ?? 0) + 1);
  // below[i] utterances are shorter than edges[i].
  const below = [0];
  for (const edge of edges) below.push((below.at(-1) ?? 0) + (counts.get(edge) ?? 0));

  // Samples processed in an epoch for the utterances of edges[from..to], all padded to edges[to].
  const cost = (from: number, to: number): number => {
    const samples = edges[to] ?? 0;
    const rows = rowsFor(samples);
    const members = (below[to + 1] ?? 0) - (below[from] ?? 0);
    return Math.ceil(members / rows) * rows * samples;
  };

  // plans[k][i]: the least cost of the first i edges in k + 1 groups, and where the last of them starts.
  const plans: { cost: number; start: number }[][] = [];
  for (let k = 0; k < Math.min(most, edges.length); k++) {
    plans.push(
      Array.from({ length: edges.length + 1 }, (_, i) => {
        if (i === 0) return { cost: 0, start: 0 };
        let best = { cost: cost(0, i - 1), start: 0 };
        for (let start = 1; k > 0 && start < i; start++) {
          const total = (plans[k - 1]?.[start]?.cost ?? Infinity) + cost(start, i - 1);
          if (total < best.cost) best = { cost: total, start };
        }
        return best;
      }),
    );
  }

  const totals = plans.map((plan) => plan[edges.length]?.cost ?? Infinity);
  const chosen = totals.findIndex((total, k) => totals.slice(k + 1).every((more) => more > total * (1 - worthwhile)));
  const buckets: Bucket[] = [];
  for (let k = chosen, end = edges.length; end > 0; k--) {
    const start = plans[k]?.[end]?.start ?? 0;
    const samples = edges[end - 1] ?? 0;
    const shortest = edges[start] ?? 0;
    const members = rounded.flatMap((length, i) => (length >= shortest && length <= samples ? [i] : []));
    buckets.unshift({ samples, rows: rowsFor(samples), members });
    end = start;
  }
  return buckets;
}
