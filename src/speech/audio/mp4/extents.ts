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

/** More frames than this last longer than any recording that is read. */
export const mostFrames = 2 ** 21;
