/** Errors about files, in one sentence that names the file. */

/** A model file that cannot be read or written. `message` starts with the file's path. */
export class OnnxFileError extends Error {
  override readonly name = 'OnnxFileError';
  readonly path: string;

  constructor(path: string, problem: string, cause?: unknown) {
    super(`${path}: ${problem}`, { cause });
    this.path = path;
  }
}

/** A file with a model's weights that cannot be read. `message` starts with the file's path. */
export class WeightFileError extends Error {
  override readonly name: string = 'WeightFileError';
  readonly path: string;

  constructor(path: string, problem: string, cause?: unknown) {
    super(`${path}: ${problem}`, { cause });
    this.path = path;
  }
}

/** A name out of a file that somebody else wrote, as it may stand in a sentence: in quotes, on one line, not too long. */
export function quoted(name: string): string {
  // Ends of lines and what terminals take for commands.
  const shown = name.slice(0, longestName).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
  return `"${shown}${name.length > longestName ? '…' : ''}"`;
}

const longestName = 120;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'this is a folder, not a file',
  EACCES: 'you may not open this file; check its permissions',
  EPERM: 'the system does not permit it; check the permissions',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EFBIG: 'the file would be larger than this disk allows',
  EIO: 'the disk reported an error',
  EBUSY: 'another program is using it',
  EEXIST: 'something of this name is there already',
  ENOTEMPTY: 'the folder is not empty',
  EMFILE: 'this program has too many files open; allow more with "ulimit -n"',
  ENFILE: 'the system has too many files open; end other programs',
  ENOMEM: 'there is not enough memory',
  ELOOP: 'symbolic links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
  ERR_FS_FILE_TOO_LARGE: 'the file is larger than 2 GB, which no ONNX file may be; save its tensors as external data',
};

/** For errors where a folder is created rather than a file opened, or a program is started. */
const reasonsOfCalls: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mkdir: {
    ENOENT: 'the folder above it does not exist',
    EACCES: 'you may not write to this folder; check its permissions',
    EEXIST: 'there is a file of this name, where a folder is needed',
  },
  scandir: { ENOENT: 'the folder does not exist', EACCES: 'you may not read this folder; check its permissions' },
};

/** The meaning of a file system error, for people. */
export function reasonOf(error: unknown): string {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  const known = typeof code === 'string' ? (reasonsOfCalls[String(syscall)]?.[code] ?? reasons[code]) : undefined;
  return known ?? (error instanceof Error ? error.message : String(error));
}

/** The message of any error for people: one sentence; for an error of the file system, the path and the reason. */
export function sentenceOf(error: unknown): string {
  const { code, path } = (error ?? {}) as { code?: unknown; path?: unknown };
  const known = typeof code === 'string' && typeof path === 'string' ? `${path}: ${reasonOf(error)}` : undefined;
  const text = known ?? (error instanceof Error ? error.message : String(error));
  return /[.!?]$/u.test(text) ? text : `${text}.`;
}
