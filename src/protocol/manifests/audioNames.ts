/** Tells names of audio files from others. What is in a file is only known when it is read. */

/** As collections of recordings use them, those that lose nothing first. */
const extensions = [
  ...['flac', 'wav', 'sph', 'nist', 'wv1', 'wv2', 'aiff', 'aif', 'aifc', 'au', 'snd', 'caf', 'w64', 'rf64'],
  ...['opus', 'ogg', 'oga', 'm4a', 'mp4', 'aac', 'webm', 'mp3'],
];

/** Whether a name ends like an audio file's. */
export function isAudioName(name: string): boolean {
  return rank(name) >= 0;
}

/** The audio file among files of one stem, the best if there are several; undefined if there is none. */
export function audioAmong(names: readonly string[]): string | undefined {
  const audio = names.filter(isAudioName);
  return audio.length > 1 ? audio.sort((a, b) => rank(a) - rank(b))[0] : audio[0];
}

function rank(name: string): number {
  const end = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase();
  return end === undefined ? -1 : extensions.indexOf(end);
}
