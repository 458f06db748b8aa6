/**
 * A process that opens the weights in a folder, reads all of them, matrices transposed if the third argument says so, and prints what came of it
 * and the memory that it took.
 */

import { existsSync, readFileSync } from 'node:fs';
import { openCheckpoint } from '../../../src/huggingface/checkpoint/openCheckpoint.ts';

const [good = '', folder = '', form = 'plain'] = process.argv.slice(2);

async function read(path: string): Promise<string> {
  try {
    const checkpoint = await openCheckpoint(path);
    for (const tensor of checkpoint.tensors.values()) {
      if (!tensor.dtype.includes('float')) continue;
      const transposed = form === 'transposed' && tensor.dims.length === 2;
      // eslint-disable-next-line @typescript-eslint/no-unused-vars -- reading is all
      for await (const _ of tensor.float32Pieces(transposed));
    }
    await checkpoint.close();
    return 'read';
  } catch (error) {
    return (error as Error).message;
  }
}

/** The most memory that this process has had, in kB. Linux's getrusage gives a child that of its parent, where this is not read. */
function peak(): number {
  const status = '/proc/self/status';
  const text = existsSync(status) ? readFileSync(status, 'utf8') : '';
  return Number(/^VmHWM:\s+(\d+) kB$/mu.exec(text)?.[1] ?? process.resourceUsage().maxRSS);
}

// What the program itself takes is not counted.
await read(good);
const before = peak();
const answer = await read(folder);
console.log(JSON.stringify({ answer, megabytes: (peak() - before) / 1e3 }));
