/** Decodes an audio file held in memory to mono samples at the wanted rate. */

import { decoder as opusDecoder } from '@audio/decode-opus';
import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { MPEGDecoder } from 'mpg123-decoder';
import { decodeFrames, framedReader } from './framed.ts';
import { readAiffHeader } from './pcm/aiff.ts';
import { readAuHeader } from './pcm/au.ts';
import { id3Length, nameForeign, sniffContainer, type Container } from './container.ts';
import { AudioError } from './error.ts';
import { readFlacInfo, withFrameBehind } from './flac.ts';
import { maxChannels, maxRecordingSeconds, maxSampleRate, minSampleRate } from './limits.ts';
import { decodePcmFile } from './pcm/pcm.ts';
import { resample } from './resample.ts';
import { readSphereHeader } from './pcm/sphere.ts';
import { decodeWav } from './pcm/wav.ts';

export interface Decoded {
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
}

/** Starting a decoder is slow, so idle ones are kept; one that failed is in an unknown state and is not. */
const idle = new Map<Container, FLACDecoder | OggVorbisDecoder | MPEGDecoder>();

/**
 * Mono samples (one channel, or the mean of all) at `sampleRate`, in [-1, 1) for integer formats: 16-bit values are divided by 32768.
 * The kind of file is recognised by its content.
 * @param name how messages call the file.
 * @param channel index from 0.
 * @throws AudioError if the file is not audio that Pinch reads, is broken, cut off, empty, or absurdly long.
 */
export async function decodeAudio(
  bytes: Uint8Array,
  {
    sampleRate,
    name = 'audio',
    channel,
  }: { readonly sampleRate: number; readonly name?: string; readonly channel?: number | undefined },
): Promise<Float32Array> {
  try {
    return render(await decode(bytes), sampleRate, channel);
  } catch (error) {
    throw new AudioError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Decoded channels as mono at `sampleRate`: the mean of all, or one of them, by its index from 0.
 * @throws Error if there is nothing in them that can be used, or no such channel.
 */
export function render(decoded: Decoded, sampleRate: number, channel?: number): Float32Array {
  const [first] = decoded.channelData;
  if (!first || first.length === 0) throw new Error('it holds no sound');
  checkRate(decoded.sampleRate, first.length, decoded.channelData.length);
  const mono = channel === undefined ? toMono(decoded.channelData) : channelOf(decoded.channelData, channel);
  // A float file can hold anything, and one such sample would end the training.
  if (!mono.every(Number.isFinite)) throw new Error('it holds samples that are not numbers');
  return resample(mono, decoded.sampleRate, sampleRate);
}

async function decode(bytes: Uint8Array): Promise<Decoded> {
  if (bytes.length === 0) throw new Error('the file is empty');
  const container = sniffContainer(bytes);
  switch (container) {
    case 'wav':
      return decodeWav(bytes);
    case 'sphere':
      return decodePcmFile(bytes, readSphereHeader(bytes), 'SPHERE');
    case 'aiff':
      return decodePcmFile(bytes, readAiffHeader(bytes), 'AIFF');
    case 'au':
      return decodePcmFile(bytes, readAuHeader(bytes), 'AU');
    case 'flac':
      return decodeFlac(bytes.subarray(id3Length(bytes)), container);
    case 'ogg-flac':
      return decodeFlac(bytes, container);
    case 'ogg-vorbis':
      return keep(
        container,
        () => new OggVorbisDecoder(),
        (decoder) => decoder.decodeFile(bytes),
      );
    case 'ogg-opus':
      return decodeOpus(bytes);
    case 'mp3':
      return keep(
        container,
        () => new MPEGDecoder(),
        async (decoder) => {
          const decoded = decoder.decode(bytes);
          await decoder.reset();
          return decoded;
        },
      );
    case 'mp4':
    case 'aac':
    case 'webm': {
      const framed = framedReader(container)(bytes);
      checkRate(framed.sampleRate, framed.samples, 1);
      return decodeFrames(framed);
    }
    case undefined:
      throw new Error(unreadable(bytes));
  }
}

function unreadable(bytes: Uint8Array): string {
  const name = nameForeign(bytes);
  const read = 'WAV, FLAC, Ogg, MP3, M4A, AAC, WebM, NIST SPHERE, AIFF or AU audio';
  if (name === undefined) return `this is not ${read}`;
  return `this is ${name}, not ${read}; convert it with "ffmpeg -i FILE FILE.flac"`;
}

async function decodeFlac(bytes: Uint8Array, container: Container): Promise<Decoded> {
  const info = container === 'flac' ? readFlacInfo(bytes) : undefined;
  if (info) checkRate(info.sampleRate, info.samples ?? 0, 1);
  const decoded = await keep(
    container,
    () => new FLACDecoder(),
    (decoder) => decoder.decodeFile(container === 'flac' ? withFrameBehind(bytes) : bytes),
  );
  const length = decoded.channelData[0]?.length ?? 0;
  if (info?.samples !== undefined && info.samples !== length) {
    throw new Error(`the FLAC file is broken or cut off: ${length} of ${info.samples} samples can be read`);
  }
  // The decoder divides by 2^(bits - 1) - 1. Going back to the whole numbers first makes the samples exactly soundfile's.
  const scale = 2 ** (decoded.bitDepth - 1);
  for (const samples of decoded.channelData) {
    for (let i = 0; i < samples.length; i++) samples[i] = Math.round((samples[i] ?? 0) * (scale - 1)) / scale;
  }
  return decoded;
}

async function decodeOpus(bytes: Uint8Array): Promise<Decoded> {
  const decoder = await opusDecoder();
  try {
    const parts = [decoder.decode(bytes), decoder.flush()].filter((part) => part.channelData.length > 0);
    const [first] = parts;
    if (!first) throw new Error('it holds no sound');
    return {
      sampleRate: first.sampleRate,
      channelData: first.channelData.map((_, channel) => concatenate(parts.map((part) => part.channelData[channel]))),
    };
  } finally {
    decoder.free();
  }
}

/** Runs one decoder of the idle ones. @throws Error with the decoder's own words if it met errors. */
async function keep<
  D extends FLACDecoder | OggVorbisDecoder | MPEGDecoder,
  R extends { readonly errors: readonly { readonly message: string }[] },
>(container: Container, make: () => D, run: (decoder: D) => Promise<R>): Promise<R> {
  const decoder = (idle.get(container) as D | undefined) ?? make();
  idle.delete(container);
  await decoder.ready;
  const decoded = await run(decoder);
  const [error] = decoded.errors;
  if (error) throw new Error(`the file is broken (${error.message})`);
  idle.set(container, decoder);
  return decoded;
}

function checkRate(sampleRate: number, samples: number, channels: number): void {
  if (!(sampleRate >= minSampleRate && sampleRate <= maxSampleRate)) {
    throw new Error(`a sample rate of ${sampleRate} Hz is not supported`);
  }
  if (channels > maxChannels) throw new Error(`${channels} channels are too many`);
  if (samples / sampleRate > maxRecordingSeconds) {
    throw new Error(`it is longer than ${maxRecordingSeconds / 3600} hours; cut it into utterances`);
  }
}

function channelOf(channels: readonly Float32Array[], index: number): Float32Array {
  const channel = channels[index];
  if (channel) return channel;
  const held = channels.length === 1 ? 'it has one channel' : `it has ${channels.length} channels, counted from 0`;
  throw new Error(`the manifest asks for channel ${index}, but ${held}`);
}

function toMono(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(0), ...others] = channels;
  if (others.length === 0) return first;
  return first.map((sample, i) => others.reduce((sum, channel) => sum + (channel[i] ?? 0), sample) / channels.length);
}

function concatenate(parts: readonly (Float32Array | undefined)[]): Float32Array {
  const out = new Float32Array(parts.reduce((length, part) => length + (part?.length ?? 0), 0));
  let at = 0;
  for (const part of parts) {
    if (!part) continue;
    out.set(part, at);
    at += part.length;
  }
  return out;
}
