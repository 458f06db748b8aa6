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

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'this is a folder, not a file',
  EACCES: 'you may not open this file; check its permissions',
  EPERM: 'the system does not permit it; check the permissions',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  ELOOP: 'symbolic links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
  ERR_FS_FILE_TOO_LARGE: 'the file is larger than 2 GB, which no ONNX file may be; save its tensors as external data',
};

/** What an error of the file system means, for people. */
export function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  const known = typeof code === 'string' ? reasons[code] : undefined;
  return known ?? (error instanceof Error ? error.message : String(error));
}
