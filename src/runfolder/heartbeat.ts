/** Keeps state.json fresh from a thread of its own, because a step of a large model holds the trainer's thread for many seconds. */

import { Worker } from 'node:worker_threads';
import type { RunState } from '../protocol/records.ts';
import { isOver } from '../runs/state.ts';
import type { HeartbeatAnswer, HeartbeatRequest } from './heartbeatWorker.ts';
import { writeState } from './runFolder.ts';

/** Milliseconds between two steps that are told. */
const tellEvery = 200;

/**
 * The one writer of a run's state.json. A heartbeat says that this process lives, no more: the thread ends with the process. What the
 * process is doing stands in `status`, `step` and `message`, which only the trainer changes.
 */
export class Heartbeat {
  private readonly folder: string;
  private readonly worker: Worker;
  private readonly waiting = new Map<
    number,
    { resolve: (how: 'written' | 'lost') => void; reject: (error: Error) => void }
  >();
  private nextId = 0;
  private lastTold = -Infinity;
  private lost = false;

  /** @param folder of the run, which this process has claimed. @param worker the bundled worker. */
  constructor(folder: string, worker = bundledWorker()) {
    this.folder = folder;
    this.worker = new Worker(worker, { workerData: { folder } });
    this.worker.on('message', ({ id, error }: HeartbeatAnswer) => {
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === null) waiting?.resolve('written');
      else waiting?.reject(Object.assign(new Error(error.message), error));
    });
    this.worker.on('error', () => {
      this.lost = true;
      for (const { resolve } of this.waiting.values()) resolve('lost');
      this.waiting.clear();
    });
  }

  /**
   * Writes a state now, and its heartbeat again and again from then on, until a state that is over.
   * @throws the file system's error.
   */
  async write(state: RunState): Promise<void> {
    if (!this.lost && (await this.ask(state)) === 'written') return;
    // A thread that is gone, unlike a disk that is full, is no reason for a run to end.
    await writeState(this.folder, { ...state, heartbeat: new Date().toISOString() });
  }

  /** Has later heartbeats give this state. Returns at once. */
  tell(state: RunState): void {
    const now = performance.now();
    if (this.lost || isOver(state) || now - this.lastTold < tellEvery) return;
    this.lastTold = now;
    this.worker.postMessage({ id: null, state } satisfies HeartbeatRequest);
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private ask(state: RunState): Promise<'written' | 'lost'> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, state } satisfies HeartbeatRequest);
    });
  }
}

/** Beside this file once bundled; run from source, in the bundles' folder. */
function bundledWorker(): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(fromSource ? '../../dist/heartbeat-worker.js' : './heartbeat-worker.js', import.meta.url);
}
