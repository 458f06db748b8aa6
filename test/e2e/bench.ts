/** A server and a workbench for the tests of one file, with a picture of every failure. */

import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { startServer, type Server, type ServerOptions } from './server.ts';
import { keepText, openWorkbench, type Workbench } from './workbench.ts';

export interface Bench {
  readonly server: Server;
  readonly workbench: Workbench;
}

export interface BenchOptions extends ServerOptions {
  readonly width?: number;
  readonly height?: number;
  /** Without a folder in the window. */
  readonly empty?: boolean;
  /** Each test goes on where the one before it ended, so none runs after one that failed. */
  readonly story?: boolean;
  /** Puts files into the folder before the workbench opens it. */
  readonly prepare?: (folder: string) => void | Promise<void>;
}

/** Call at the top of a test file. What it returns is filled before the first test. */
export function useBench(options: BenchOptions = {}): Bench {
  let server: Server | undefined;
  let workbench: Workbench | undefined;
  beforeAll(async () => {
    server = await startServer(options);
    await options.prepare?.(server.folder);
    const { width = 1280, height = 800 } = options;
    workbench = await openWorkbench(server, { width, height, ...(options.empty === true ? { folder: null } : {}) });
  });
  let failed: string | undefined;
  beforeEach(({ skip }) => {
    if (options.story === true && failed !== undefined) skip(`after "${failed}" failed`);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    failed ??= task.name;
    const name = `failed-${task.name.replaceAll(/\W+/gu, '-').slice(0, 60)}`;
    await workbench?.picture(name);
    if (server !== undefined) keepText(`${name}.log`, server.log());
  });
  afterAll(async () => {
    await workbench?.close();
    await server?.stop();
  });
  return {
    get server() {
      return present(server);
    },
    get workbench() {
      return present(workbench);
    },
  };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the bench is used before it is set up');
  return value;
}
