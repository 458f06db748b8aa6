/** A Slurm of one node on loopback, with everything of its own: key, ports, configuration, in one folder. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const programs = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'sinfo'];

/** Why there can be no cluster here; undefined if there can. */
export function whyNoSlurm(): string | undefined {
  if (process.getuid?.() !== 0) return 'starting a cluster takes root';
  const missing = programs.filter((name) => !isInstalled(name));
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed (Debian: slurm-wlm munge)`;
}

export interface Cluster {
  /** What a command needs in its environment to talk to this cluster. */
  readonly environment: NodeJS.ProcessEnv;
  /** At a moment when it has written down which jobs run; otherwise it would begin some of them again, and take the node out of use. */
  readonly killController: () => Promise<void>;
  readonly startController: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** @param folder short, because sockets are in it. It stays. */
export async function startCluster(folder: string): Promise<Cluster> {
  for (const name of ['state', 'spool']) mkdirSync(join(folder, name), { recursive: true });
  const socket = join(folder, 'munge.socket');
  const key = join(folder, 'munge.key');
  writeFileSync(key, randomBytes(128), { mode: 0o600 });
  const config = join(folder, 'slurm.conf');
  writeFileSync(config, configuration(folder, socket, await freePorts(2)));
  const environment = { ...process.env, SLURM_CONF: config };
  const start = (program: string, ...args: string[]): ChildProcess =>
    spawn(program, args, { stdio: 'ignore', env: environment });

  const files = ['pid-file', 'log-file', 'seed-file'].map((name) => `--${name}=${join(folder, `munged.${name}`)}`);
  const munged = start('munged', '--foreground', '--force', `--socket=${socket}`, `--key-file=${key}`, ...files);
  // A request before this is refused, and the daemons would give up.
  await waitFor('munged', () => succeeds('munge', ['--no-input', `--socket=${socket}`], environment));
  const startController = async (): Promise<void> => {
    controller = start('slurmctld', '-D');
    await waitFor('slurmctld', () => succeeds('sinfo', ['--noheader'], environment));
  };
  let controller: ChildProcess | undefined;
  await startController();
  const node = start('slurmd', '-D');
  // A node that did not answer for a while is taken out of use; an administrator would put it back.
  const administrator = setInterval(() => {
    if (!/drain|drng|down/u.test(output('sinfo', ['--noheader', '--format=%t'], environment))) return;
    succeeds('scontrol', ['update', `NodeName=${hostname()}`, 'State=RESUME'], environment);
  }, 2000);
  await waitFor('the node', () => /idle/u.test(output('sinfo', ['--noheader', '--format=%t'], environment)));

  const running = (): string => output('squeue', ['--noheader', '--states=RUNNING', '--format=%A'], environment);
  const killController = async (): Promise<void> => {
    let seen = { jobs: '', time: Infinity };
    await waitFor('a quiet moment', () => {
      const jobs = running();
      if (jobs !== seen.jobs) seen = { jobs, time: Date.now() };
      const saved = statSync(join(folder, 'state', 'job_state'), { throwIfNoEntry: false });
      return jobs !== '' && saved !== undefined && saved.mtimeMs > seen.time;
    });
    if (controller) await kill(controller);
  };
  return {
    environment,
    killController,
    startController,
    stop: async () => {
      clearInterval(administrator);
      if (succeeds('scancel', ['--me'], environment)) {
        await waitFor('the end of all jobs', () => output('squeue', ['--noheader'], environment) === '');
      }
      for (const daemon of [node, munged]) await kill(daemon);
      if (controller) await kill(controller);
    },
  };
}

function configuration(folder: string, socket: string, [controller, node]: readonly number[]): string {
  const host = hostname();
  return `ClusterName=pinch
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
SlurmdPort=${node}
AuthType=auth/munge
AuthInfo=socket=${socket}
CredType=cred/munge
SlurmUser=root
StateSaveLocation=${join(folder, 'state')}
SlurmdSpoolDir=${join(folder, 'spool')}
SlurmctldPidFile=${join(folder, 'slurmctld.pid')}
SlurmdPidFile=${join(folder, 'slurmd.pid')}
SlurmctldLogFile=${join(folder, 'slurmctld.log')}
SlurmdLogFile=${join(folder, 'slurmd.log')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MailProg=/bin/true
SchedulerParameters=batch_sched_delay=0
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} State=UNKNOWN
PartitionName=short Nodes=${host} Default=YES MaxTime=60 State=UP
`;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function kill(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const gone = once(process, 'exit');
  process.kill('SIGKILL');
  await gone;
}

/** Milliseconds; a busy machine is slow. */
const patience = 180_000;

async function waitFor(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 200) {
    if (waited > patience) throw new Error(`Slurm: waited ${patience / 1000} s for ${what}.`);
    await sleep(200);
  }
}

function isInstalled(name: string): boolean {
  return succeeds('sh', ['-c', `command -v ${name}`], { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` });
}

function succeeds(program: string, args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  try {
    execFileSync(program, args, { env, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function output(program: string, args: readonly string[], env: NodeJS.ProcessEnv): string {
  try {
    return execFileSync(program, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '?';
  }
}
