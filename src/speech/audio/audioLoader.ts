/** Reads audio on worker threads, ahead of the training step, which blocks its own thread. */

import { Worker } from 'node:worker_threads';
import { AudioError } from './error.ts';
import type { FilesToMeasure, MeasuredFiles } from './length.ts';
import type { AudioFormat, AudioSource } from './load.ts';
import type { AudioAnswer, AudioRequest } from './audioWorker.ts';

interface Waiting {
  readonly resolve: (answer: AudioAnswer) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
  /** Whether it has ever worked. */
  proven: boolean;
}

/** What remains of a request once it has no `id`. */
type Ask = AudioRequest extends infer R ? (R extends AudioRequest ? Omit<R, 'id'> : never) : never;

export interface AudioLoaderOptions extends AudioFormat {
  /** Worker threads, 1 by default: one decodes hundreds of times faster than speech is spoken. */
  readonly threads?: number;
  /** The bundled worker; by default `audio-worker.js` beside the running file. */
  readonly worker?: URL;
}

export class AudioLoader {
  private readonly format: AudioFormat;
  private readonly workerFile: URL;
  private readonly threads: Thread[];
  private nextId = 0;

  constructor({ sampleRate, normalise, threads = 1, worker = bundledWorker() }: AudioLoaderOptions) {
    this.format = { sampleRate, normalise };
    this.workerFile = worker;
    this.threads = Array.from({ length: threads }, () => this.start());
  }

  /**
   * The utterance's samples at the model's rate, normalised if the model wants it. Requests are handed to the threads at once, so whoever
   * asks bounds how many are under way.
   * @throws AudioError naming the file if it is missing or broken.
   */
  async load(source: AudioSource): Promise<Float32Array> {
    const { audio, offset, duration, channel } = source;
    const part = {
      ...(offset === undefined ? {} : { offset }),
      ...(duration === undefined ? {} : { duration }),
      ...(channel === undefined ? {} : { channel }),
    };
    const answer = await this.ask({ kind: 'load', source: { audio, ...part }, format: this.format });
    if (answer.kind !== 'samples') throw new Error(`the audio worker answered ${answer.kind} to load`);
    return answer.samples;
  }

  /** How long many files are, as one request to one thread. @throws Error only if the threads do not work. */
  async measure(files: FilesToMeasure): Promise<MeasuredFiles> {
    const answer = await this.ask({ kind: 'measure', files });
    if (answer.kind !== 'measured') throw new Error(`the audio worker answered ${answer.kind} to measure`);
    return answer.files;
  }

  /** Seconds that its threads have worked so far. */
  get secondsWorked(): number {
    const active = this.threads.map(({ worker }) => worker.performance.eventLoopUtilization().active);
    return active.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000;
  }

  /** Another loader of the same kind, with so many threads of its own. Whoever asks for it closes it. */
  withThreads(threads: number): AudioLoader {
    return new AudioLoader({ ...this.format, threads, worker: this.workerFile });
  }

  /** Ends the threads; requests under way are rejected. */
  async close(): Promise<void> {
    const threads = this.threads.splice(0);
    for (const thread of threads) fail(thread, new Error('the audio loader is closed'));
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  private ask(request: Ask): Promise<AudioAnswer> {
    const [first, ...others] = this.threads;
    if (!first) return Promise.reject(new Error('the audio loader has no threads left'));
    const thread = others.reduce((least, other) => (other.waiting.size < least.waiting.size ? other : least), first);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      thread.waiting.set(id, { resolve, reject });
      thread.worker.postMessage({ ...request, id });
    });
  }

  private start(): Thread {
    // The decoders print what is wrong with a broken file; the answer says it already, so nothing of that is shown.
    const worker = new Worker(this.workerFile, { stderr: true, stdout: true });
    worker.stderr.resume();
    worker.stdout.resume();
    const thread: Thread = { worker, waiting: new Map(), proven: false };
    worker.on('message', (answer: AudioAnswer) => {
      thread.proven = true;
      const waiting = thread.waiting.get(answer.id);
      thread.waiting.delete(answer.id);
      if (answer.kind === 'error') waiting?.reject(new AudioError(answer.message));
      else waiting?.resolve(answer);
    });
    worker.on('error', (error: Error) => {
      const at = this.threads.indexOf(thread);
      if (at < 0) return;
      if (thread.proven) {
        // Whatever broke it, most likely memory for one file, must not end the run: the next file gets a new thread.
        this.threads[at] = this.start();
        fail(thread, new AudioError(`the audio worker failed: ${error.message}`));
      } else {
        this.threads.splice(at, 1);
        fail(thread, new Error(`the audio worker does not start: ${error.message}`));
      }
    });
    return thread;
  }
}

function fail(thread: Thread, error: Error): void {
  for (const { reject } of thread.waiting.values()) reject(error);
  thread.waiting.clear();
}

/** Beside this file once bundled; run from source, in the bundles' folder. */
function bundledWorker(): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(fromSource ? '../../../dist/audio-worker.js' : './audio-worker.js', import.meta.url);
}
