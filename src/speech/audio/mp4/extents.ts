/** Where the frames of an MP4 track are. */

/** Where a frame lies in the file. */
export interface Extent {
  readonly at: number;
  readonly size: number;
}

/** What the track's frames are, and how long they last by the file's own clock. */
export interface Extents {
  readonly extents: readonly Extent[];
  readonly ticks: number;
}
