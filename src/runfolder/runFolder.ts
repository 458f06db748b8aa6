/** The folder of a run: who may write to it, and how a new one is made. */

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { link, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { reasonOf } from '../base/errors.ts';
import { writeAtomically } from '../base/atomicFile.ts';
import { keepOutOfGit } from '../base/keepOutOfGit.ts';
import { makeFolder } from '../base/makeFolder.ts';
import type { RunFile, RunState } from '../protocol/records.ts';
import { runPaths, type RunPaths } from '../runs/paths.ts';
import { processStart } from '../runs/processIdentity.ts';
import { heartbeatLasts, isAlive, isOver, readState, RunFolderError } from '../runs/state.ts';
import { modelName } from '../onnx/folder/folderName.ts';

/**
 * Makes the folder of a new run and writes its run.json.
 * @param folder where exactly; by default `.pinch/runs/` under the working folder, named after the day and the model.
 * @throws RunFolderError if it exists and is not empty, or cannot be made.
 */
export async function createRunFolder(run: RunFile, model: string, folder?: string): Promise<RunPaths> {
  const paths = runPaths(
    folder === undefined ? await makeNamedFolder(resolve('.pinch', 'runs'), model) : resolve(folder),
  );
  try {
    if (folder !== undefined) await makeEmptyFolder(paths.folder);
    await writeAtomically(paths.run, [Buffer.from(`${JSON.stringify(run, null, 2)}\n`)]);
  } catch (error) {
    if (error instanceof RunFolderError) throw error;
    throw new RunFolderError(`${paths.folder}: the run folder cannot be written: ${reasonOf(error)}.`);
  }
  return paths;
}

export async function writeState(folder: string, state: RunState): Promise<void> {
  await writeAtomically(runPaths(folder).state, [Buffer.from(`${JSON.stringify(state, null, 2)}\n`)]);
}

/** Who writes to a run folder. */
export interface RunOwner {
  readonly pid: number;
  readonly processStart: string | null;
  readonly host: string;
  readonly nonce: string;
}

/**
 * Makes this process the only one that may train in the folder. Every owner leaves a numbered claim, and a further one is made only
 * when the owner before is dead; two that try at once compete for one file name, so one of them fails.
 * @throws RunFolderError if a living trainer has it.
 */
export async function claimRunFolder(folder: string): Promise<RunOwner> {
  const claims = join(folder, 'claims');
  await makeFolder(claims);
  const owner: RunOwner = {
    pid: process.pid,
    processStart: await processStart(process.pid),
    host: hostname(),
    nonce: randomBytes(12).toString('hex'),
  };
  const numbers = claimNumbers(claims);
  const last = Math.max(0, ...numbers);
  if (last > 0) await refuseIfAlive(folder, join(claims, `${last}.json`));
  const own = join(claims, `${last + 1}.json`);
  const draft = join(claims, `.${owner.nonce}.tmp`);
  try {
    await writeFile(draft, JSON.stringify(owner), { flag: 'wx' });
    // Unlike a rename, a link fails if the name is taken; and whoever reads the claim reads all of it.
    await link(draft, own);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw inUse(folder, 'another trainer has just started');
    throw new RunFolderError(`${folder}: the run folder cannot be written: ${reasonOf(error)}.`);
  } finally {
    await rm(draft, { force: true });
  }
  if (Math.max(...claimNumbers(claims)) > last + 1) {
    // Others have come and gone since the list was read, and taken this number's claim away with them.
    await rm(own, { force: true });
    throw inUse(folder, 'another trainer has just started');
  }
  for (const number of numbers.filter((number) => number < last)) {
    await rm(join(claims, `${number}.json`), { force: true });
  }
  return owner;
}

function claimNumbers(claims: string): number[] {
  return readdirSync(claims).flatMap((name) => (/^\d+\.json$/u.test(name) ? [Number.parseInt(name, 10)] : []));
}

/** Milliseconds. */
const lookEvery = 20;
const endingTakes = 5000;

async function refuseIfAlive(folder: string, claim: string): Promise<void> {
  let owner: RunOwner;
  try {
    owner = JSON.parse(readFileSync(claim, 'utf8')) as RunOwner;
  } catch {
    // Claims are whole when they appear, so only a power failure leaves one like this.
    return;
  }
  for (let waited = 0; await isAlive(owner); waited += lookEvery) {
    // A run that has just said it is over takes a moment to end; whoever resumes it then shall not be sent away.
    const last = await readState(folder);
    const ending = last?.nonce === owner.nonce && isOver(last) && waited < endingTakes;
    if (!ending) throw inUse(folder, `process ${owner.pid} trains in it`);
    await setTimeout(lookEvery);
  }
  const state = await readState(folder);
  const elsewhere = owner.host !== hostname() && state !== undefined && state.nonce === owner.nonce;
  if (elsewhere && !isOver(state) && Date.now() - Date.parse(state.heartbeat) < heartbeatLasts) {
    throw inUse(folder, `process ${owner.pid} on ${owner.host} trains in it`);
  }
}

function inUse(folder: string, by: string): RunFolderError {
  return new RunFolderError(`${folder}: the run folder is in use: ${by}. Stop it first.`);
}

/** `2026-11-21-w2v2-digits-1`: the first number that is free, taken by making the folder. */
async function makeNamedFolder(runs: string, model: string): Promise<string> {
  const name = modelName(model);
  const day = new Date().toISOString().slice(0, 10);
  try {
    await keepOutOfGit(dirname(runs));
    await makeFolder(runs);
    for (let number = 1; ; number++) {
      const folder = join(runs, `${day}-${name}-${number}`);
      try {
        mkdirSync(folder);
        return folder;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  } catch (error) {
    throw new RunFolderError(`${runs}: no run folder can be made here: ${reasonOf(error)}.`);
  }
}

async function makeEmptyFolder(folder: string): Promise<void> {
  await makeFolder(folder);
  if (existsSync(runPaths(folder).run)) {
    throw new RunFolderError(`${folder}: there is a run in this folder already; continue it with pinch resume.`);
  }
  if (readdirSync(folder).length > 0) throw new RunFolderError(`${folder}: the folder for a new run must be empty.`);
}
