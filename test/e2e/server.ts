/** One code-server on a port of its own, with the packed extension, and with folders that go when it ends. */

import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface ServerOptions {
  /** Asks for trust as the desktop does; otherwise every folder is trusted. */
  readonly workspaceTrust?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** For its Node, and for those of its extension hosts. */
  readonly nodeOptions?: readonly string[];
}

export interface Server {
  readonly url: string;
  /** An empty folder to open. */
  readonly folder: string;
  /** Its extension hosts; each window has one. */
  readonly extensionHosts: () => number[];
  /** The commands of all processes in it. */
  readonly programs: () => string[];
  readonly log: () => string;
  /** The names of the files of the workbench's own, settings and logs among them, that hold a text. */
  readonly filesWith: (text: string) => string[];
  /** When the extension was last activated, in milliseconds since 1970, by its own log. */
  readonly activatedAt: () => number;
  /** Ends everything that was started in it, runs too, and removes its folders. */
  readonly stop: () => Promise<void>;
}

/** A workbench that says nothing of its own accord. */
const quiet = {
  // Looking for ports that a process opened starts a process every second, which holds the extension host's loop for 50 to 90 ms.
  'remote.autoForwardPorts': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.colorTheme': 'Dark Modern',
  'window.commandCenter': false,
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'never',
};

/** @throws Error with what it wrote if it does not listen within half a minute. */
export async function startServer({
  workspaceTrust = false,
  settings = {},
  environment = {},
  nodeOptions = [],
}: ServerOptions = {}): Promise<Server> {
  const scratch = mkdtempSync(join(tmpdir(), 'pinch-workbench-'));
  const [folder, user] = [join(scratch, 'work'), join(scratch, 'user')];
  mkdirSync(folder);
  mkdirSync(join(user, 'User'), { recursive: true });
  writeFileSync(join(user, 'User/settings.json'), JSON.stringify({ ...quiet, ...settings }));
  // A copy, because a workbench writes into it.
  cpSync(fromRun('PINCH_E2E_EXTENSIONS'), join(scratch, 'extensions'), { recursive: true });

  const child = spawn(
    fromRun('PINCH_E2E_NODE'),
    [
      ...[...nodeOptions, fromRun('PINCH_E2E_CODE_SERVER'), '--auth', 'none', '--bind-addr', '127.0.0.1:0'],
      ...['--user-data-dir', user, '--extensions-dir', join(scratch, 'extensions')],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
      ...(workspaceTrust ? [] : ['--disable-workspace-trust']),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      // code-server's own configuration would go to the home folder otherwise.
      env: { ...process.env, ...environment, XDG_CONFIG_HOME: join(scratch, 'config') },
    },
  );
  const { pid = 0 } = child;
  // Nothing of it may outlive tests that are interrupted.
  const killAll = (): void => void process.kill(-pid, 'SIGKILL');
  process.once('exit', killAll);
  child.once('exit', () => process.off('exit', killAll));
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (what: string): void => reject(new Error(`code-server ${what}:\n${lines.join('\n')}`));
    const timer = setTimeout(() => fail('did not start within 30 s'), 30_000);
    child.once('exit', () => fail('ended'));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        const found = /listening on (http:\S+?)\/?$/u.exec(line)?.[1];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      });
    }
  });

  return {
    url,
    folder,
    extensionHosts: () => childrenOf(pid).filter((pid) => commandLine(pid).includes('--type=extensionHost')),
    programs: () => childrenOf(pid).map(commandLine),
    log: () => lines.join('\n'),
    filesWith: (text) =>
      readdirSync(user, { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name))
        .filter((file) => readFileSync(file).includes(text)),
    activatedAt: () => lastActivation(join(user, 'logs')),
    stop: async () => {
      stopRuns(folder);
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      if (child.exitCode === null) {
        process.kill(-pid, 'SIGTERM');
        const kill = setTimeout(killAll, 5000);
        await ended;
        clearTimeout(kill);
      }
      rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** Each window of the workbench has a folder of logs. */
function lastActivation(logs: string): number {
  const files = readdirSync(logs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('Pinch.log'));
  const times = files
    .flatMap((file) => readFileSync(join(logs, file), 'utf8').split('\n'))
    .map((line) => /^(\S+) (\S+) \[info\] Activated in/u.exec(line))
    .flatMap((found) => (found === null ? [] : [Date.parse(`${found[1] ?? ''}T${found[2] ?? ''}`)]));
  return Math.max(...times);
}

/** Kills the trainers of a folder's runs: they outlive everything by design. */
export function stopRuns(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('state.json'),
  );
  for (const file of files) {
    const { pid } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { pid: number };
    // A number may belong to another process by now.
    if (commandLine(pid).includes('trainer.js')) process.kill(pid, 'SIGKILL');
  }
}

/** The command that a process was started with; empty if there is none. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function childrenOf(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((other) => parentOf(other) === pid);
  return children.flatMap((child) => [child, ...childrenOf(child)]);
}

function parentOf(pid: number): number | undefined {
  try {
    // The name in brackets may hold anything, so what follows it is read.
    const rest = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1);
    return Number(rest?.split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** What test/e2e/run.mjs hands over. */
export function fromRun(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: these tests are started by npm run test:e2e.`);
  return value;
}
