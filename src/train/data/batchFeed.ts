/** The batches of a run one after another: where in the data it is, and which audio could not be used. */

import type { Batch, Position } from '../../speech/batches/batchStream.ts';
import type { TrainingData } from './data.ts';
import type { Features } from '../features/features.ts';

export class BatchFeed {
  private readonly data: TrainingData;
  private readonly batches: AsyncGenerator<Batch, never>;
  private readonly failed: Set<string>;
  private readonly say: (text: string) => void;
  private at: Position;

  /**
   * @param from the next batch, and the utterances that failed before it.
   * @param features that are read instead of audio.
   */
  constructor(
    data: TrainingData,
    from: Position & { readonly failures: readonly string[] },
    say: (text: string) => void,
    features?: Features,
  ) {
    this.data = data;
    this.at = { epoch: from.epoch, batch: from.batch };
    this.failed = new Set(from.failures);
    this.batches = data.stream(this.at, features);
    this.say = say;
  }

  /** Where the next batch is. */
  get position(): Position {
    return this.at;
  }

  /** Ids of utterances whose audio could not be used, each once however often it came round. */
  get failures(): string[] {
    return [...this.failed];
  }

  /** The next batch that holds at least one utterance. @throws AudioError if too many files cannot be used. */
  async next(): Promise<Batch> {
    for (;;) {
      const { value: batch } = await this.batches.next();
      for (const { id, problem } of batch.failures) {
        if (this.failed.has(id)) continue;
        this.failed.add(id);
        this.say(`Left out ${id}: ${problem}.`);
        this.data.refuseTooMany(this.failures, problem);
      }
      this.at = this.data.next(batch.position);
      if (batch.weights.some((weight) => weight > 0)) return batch;
    }
  }
}
