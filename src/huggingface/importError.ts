/** A checkpoint that Pinch cannot make a model of. The message names it. */
export class ImportError extends Error {
  override readonly name = 'ImportError';

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
  }
}
