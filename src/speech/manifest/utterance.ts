/** What a manifest says about one utterance, and what is wrong with a manifest. */

export interface Utterance {
  /** Unique in its manifest, except for lines that a training set repeats. */
  readonly id: string;
  /** Absolute path of the audio file. */
  readonly audio: string;
  /** As the manifest has it, or after the steps of the setting `text`. */
  readonly text: string;
  /** The manifest's text, where steps changed it. */
  readonly written?: string;
  /** Seconds from the start of the file at which the utterance starts; absent if it starts with the file. */
  readonly offset?: number;
  /** Seconds. Absent if the utterance goes on to the end of the file. */
  readonly duration?: number;
  /** Index from 0 of the channel that it is on; absent if all channels are heard. */
  readonly channel?: number;
}

/** Where in a manifest something stands: the number of a line, or words such as "entry 3". */
export type Place = number | string;

/** An utterance with the place where it stands, for messages. */
export interface Entry {
  readonly utterance: Utterance;
  readonly file: string;
  readonly place: Place;
}

/** Named fields of one utterance. */
export interface Row {
  readonly place: Place;
  readonly fields: ReadonlyMap<string, unknown>;
}

/** A manifest that cannot be used. The message names the file and, where there is one, the line. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';

  constructor(file: string, place: Place | undefined, problem: string) {
    super(`${placeName(file, place)}: ${problem}`);
  }
}

/** A file, with the line or entry in it, as messages name it. */
export function placeName(file: string, place: Place | undefined): string {
  if (place === undefined) return file;
  return typeof place === 'number' ? `${file}:${place}` : `${file}: ${place}`;
}
