/** Models that a Python script makes while the tests of those that are there already run. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** PINCH_PYTHON, or python3. */
export const python = process.env['PINCH_PYTHON'] ?? 'python3';

/** Whether the script's packages are there. */
export const canExport = (): boolean =>
  spawnSync(python, ['-c', 'import torch, transformers, soundfile, onnx, onnxscript']).status === 0;

export class MadeModels {
  folder = '';
  readonly #before: string | undefined;
  #script: Promise<void> = Promise.resolve();
  readonly #made = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #ended = false;

  /** @param before a folder with models that were made before; undefined to make them. */
  constructor(before: string | undefined) {
    this.#before = before;
  }

  /** @param script of test/shared, with its arguments; it prints a line of JSON with a model's `name` when that is there. */
  async start(script: (folder: string) => readonly string[]): Promise<void> {
    this.folder = this.#before ?? (await mkdtemp(join(tmpdir(), 'pinch-models-')));
    if (this.#before === undefined) this.#script = this.#run(script(this.folder));
    else this.#ended = true;
  }

  /** Resolves when a model is there, or will never be. */
  async wait(name: string): Promise<void> {
    while (!this.#ended && !this.#made.has(name)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** @throws Error if the script failed. */
  async end(): Promise<void> {
    try {
      await this.#script;
    } finally {
      if (this.#before === undefined) await rm(this.folder, { recursive: true });
    }
  }

  async #run(script: readonly string[]): Promise<void> {
    const child = spawn(python, script, { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close') as Promise<[number | null]>;
    for await (const line of createInterface(child.stdout)) {
      const { name, seconds, failed = {} } = JSON.parse(line) as Made;
      console.log(
        [`${name}: made in ${seconds} s`, ...Object.entries(failed).map((each) => each.join(': '))].join('\n'),
      );
      this.#made.add(name);
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
    const [status] = await closed;
    if (status !== 0) throw new Error(`${python} ${script.join(' ')} ended with ${status}`);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

interface Made {
  readonly name: string;
  readonly seconds: number;
  /** What PyTorch itself could not export, and its reason. */
  readonly failed?: Readonly<Record<string, string>>;
}
