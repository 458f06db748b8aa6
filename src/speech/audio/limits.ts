/** Sizes beyond which a file is refused before anything is allocated for it: files come from anywhere. */

/** A day of speech in one file is a mistake; an hour-long recording cut into segments is not. */
export const maxRecordingSeconds = 4 * 3600;
export const maxFileBytes = 512 * 2 ** 20;
export const maxChannels = 64;
export const minSampleRate = 1000;
export const maxSampleRate = 768_000;
/** Manifests round durations: a file that has at most so many seconds more than its manifest says is as long as that says. */
export const durationSlack = 0.01;
