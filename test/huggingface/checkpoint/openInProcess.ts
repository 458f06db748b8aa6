/** A process that opens the weights in a folder, reads all of them, and prints what came of it and the memory that it took. */

import { openCheckpoint } from '../../../src/huggingface/checkpoint/openCheckpoint.ts';

const [good = '', folder = ''] = process.argv.slice(2);

async function read(path: string): Promise<string> {
  try {
    const checkpoint = await openCheckpoint(path);
    for (const tensor of checkpoint.tensors.values()) if (tensor.dtype === 'float32') await tensor.readFloat32();
    await checkpoint.close();
    return 'read';
  } catch (error) {
    return (error as Error).message;
  }
}

// What the program itself takes is not counted.
await read(good);
const before = process.resourceUsage().maxRSS;
const answer = await read(folder);
console.log(JSON.stringify({ answer, megabytes: (process.resourceUsage().maxRSS - before) / 1e3 }));
