/** What a manifest says about one utterance, and what is wrong with a manifest. */

export interface Utterance {
  /** Unique in its manifest. */
  readonly id: string;
  /** Absolute path of the audio file. */
  readonly audio: string;
  readonly text: string;
  /** Seconds from the start of the file at which the utterance starts; absent if it is the whole file. */
  readonly offset?: number;
  /** Seconds. */
  readonly duration?: number;
}

/** An utterance with the line it stands on, for messages. */
export interface Entry {
  readonly utterance: Utterance;
  readonly file: string;
  readonly line: number;
}

/** A manifest that cannot be used. The message names the file and, where there is one, the line. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';

  constructor(file: string, line: number | undefined, problem: string) {
    super(`${line === undefined ? file : `${file}:${line}`}: ${problem}`);
  }
}
