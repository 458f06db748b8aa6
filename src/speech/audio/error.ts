/** What is wrong with one audio file: something to skip and count, unless it happens often. */
export class AudioError extends Error {
  override readonly name = 'AudioError';
}
