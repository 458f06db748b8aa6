/** Finds the Node.js for training: the user's choice, then the one on the PATH, then the editor's. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface NodeProgram {
  readonly path: string;
  readonly version: string;
  /** Variables added to those of the caller. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The version in package.json's `engines`. */
const leastVersion = [20, 9] as const;

/**
 * A plain Node.js is preferred to the editor's: inside Electron, onnxruntime may not use memory outside V8's (Electron's memory cage).
 * @param chosen the setting `pinch.nodePath`; empty for none.
 * @param own the editor's executable, which acts as Node.js on request.
 * @throws Error if the chosen program is not Node.js, or all are too old.
 */
export async function findNode(chosen: string, own: string): Promise<NodeProgram> {
  if (chosen !== '') {
    const version = await versionOf(chosen);
    if (version === undefined) {
      throw new Error(`${chosen} is not a Node.js program. Correct the setting pinch.nodePath, or leave it empty.`);
    }
    if (!isNewEnough(version)) {
      throw new Error(
        `${chosen} is Node.js ${version}; Pinch needs ${leastVersion.join('.')} or newer. Change the setting pinch.nodePath.`,
      );
    }
    return { path: chosen, version, environment: {} };
  }
  const onPath = await versionOf('node');
  if (onPath !== undefined && isNewEnough(onPath)) return { path: 'node', version: onPath, environment: {} };
  const asNode = { ELECTRON_RUN_AS_NODE: '1' };
  const inside = await versionOf(own, asNode);
  if (inside !== undefined && isNewEnough(inside)) return { path: own, version: inside, environment: asNode };
  throw new Error(
    `Pinch needs Node.js ${leastVersion.join('.')} or newer. Install it from nodejs.org, or set pinch.nodePath to it.`,
  );
}

async function versionOf(
  path: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], {
      env: { ...process.env, ...environment },
      timeout: 10_000,
      windowsHide: true,
    });
    return /^v(\d+\.\d+\.\d+)/u.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > leastVersion[0] || (major === leastVersion[0] && minor >= leastVersion[1]);
}
