/** Recordings in frames: AAC in MP4 files and by itself, and Opus in WebM. How long they are is known without decoding them. */

import { createOpusDecoder } from '@audio/decode-opus/core';
import { readAdts } from './aac/adts.ts';
import { frameSamples } from './aac/config.ts';
import { decodeAac } from './aac/decoder.ts';
import { id3Length, type Container } from './container.ts';
import { AudioError } from './error.ts';
import { readMp4 } from './mp4/track.ts';
import { readWebm, type OpusHead } from './webm/track.ts';

export type FramedContainer = Extract<Container, 'mp4' | 'aac' | 'webm'>;

export interface Framed {
  readonly frames: readonly Uint8Array[];
  readonly sampleRate: number;
  /** Samples at the start that are the encoder's delay. */
  readonly skip: number;
  /** Samples per channel behind them. */
  readonly samples: number;
  /** Of Opus; without it, the frames are AAC. */
  readonly opus?: OpusHead;
}

export function isFramed(container: Container | undefined): container is FramedContainer {
  return container === 'mp4' || container === 'aac' || container === 'webm';
}

/** Finds the frames in a file's bytes; what it returns throws Error if the file is broken, cut off, or of another codec. */
export function framedReader(container: FramedContainer): (bytes: Uint8Array) => Framed {
  const read = readers[container];
  return (bytes) => {
    try {
      return read(bytes);
    } catch (error) {
      // Numbers are read where the file says they are, which may be behind its end.
      if (error instanceof RangeError) throw new Error('the file is broken or cut off in its header');
      throw error;
    }
  };
}

/** How long a file is, without decoding it. @throws AudioError naming it if it is broken. */
export function countFrames(container: FramedContainer, bytes: Uint8Array, name: string): Framed {
  try {
    return framedReader(container)(bytes);
  } catch (error) {
    throw new AudioError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** All samples of the recording. @throws Error if a frame is broken. */
export async function decodeFrames(
  framed: Framed,
): Promise<{ readonly channelData: Float32Array[]; readonly sampleRate: number }> {
  const { frames, sampleRate, skip, samples, opus } = framed;
  const all = opus ? await decodeOpusFrames(frames, opus) : decodeAac(frames, { sampleRate });
  return { channelData: all.map((channel) => channel.subarray(skip, skip + samples)), sampleRate };
}

const readers: Readonly<Record<FramedContainer, (bytes: Uint8Array) => Framed>> = {
  mp4: (bytes) => {
    const { config, frames, skip, samples } = readMp4(bytes);
    return { frames, sampleRate: config.sampleRate, skip, samples };
  },
  aac: (bytes) => {
    const { config, frames } = readAdts(bytes, id3Length(bytes));
    return { frames, sampleRate: config.sampleRate, skip: 0, samples: frames.length * frameSamples };
  },
  webm: readWebm,
};

async function decodeOpusFrames(frames: readonly Uint8Array[], head: OpusHead): Promise<Float32Array[]> {
  const decoder = await createOpusDecoder();
  try {
    // What is skipped at the start is cut off behind, with what is skipped at the end.
    decoder.configure({ ...head, preSkip: 0 });
    const { channelData, errors } = decoder.decodeFrames([...frames]);
    const [error] = errors;
    if (error) throw new Error(`the Opus audio is broken in frame ${error.frameNumber + 1} of ${frames.length}`);
    return channelData;
  } finally {
    decoder.free();
  }
}
