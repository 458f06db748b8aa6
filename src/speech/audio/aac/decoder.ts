/**
 * Decodes frames of AAC-LC (raw_data_block of ISO/IEC 14496-3, 4.4.2.1). Ours, because the decoders at hand are under licences that would bind the whole
 * program, or bring a sound system along.
 */

import { bandsOf, type Bands } from './bands.ts';
import { BitReader } from './bits.ts';
import { readChannel } from './channel.ts';
import { frameSamples, type AacConfig } from './config.ts';
import { FilterBank } from './filterBank.ts';
import { shapeNoise } from './noiseShaping.ts';
import { readStereoMask, separate } from './stereo.ts';
import { readWindowInfo } from './window.ts';
import { maxChannels } from '../limits.ts';

/** What stands in a frame, one element after another. */
const element = { single: 0, pair: 1, coupling: 2, low: 3, data: 4, layout: 5, fill: 6, end: 7 } as const;

/**
 * All frames of a stream, in order: one array for each channel, but for one of low-frequency effects, which holds no speech.
 * @returns 1024 samples a frame, from the encoder's delay on.
 * @throws Error naming the frame if one is broken, or has other channels than the first.
 */
export function decodeAac(frames: readonly Uint8Array[], { sampleRate }: AacConfig): Float32Array[] {
  const bands = bandsOf(sampleRate);
  const channels: { readonly bank: FilterBank; samples: Float32Array }[] = [];
  const random = noise();
  for (const [i, frame] of frames.entries()) {
    let count = 0;
    try {
      decodeFrame(new BitReader(frame), bands, random, ({ spectrum, info }) => {
        if (i === 0 && count < maxChannels) {
          channels.push({ bank: new FilterBank(), samples: new Float32Array(0) });
        }
        const channel = channels[count++];
        if (!channel) throw new Error('it has more channels than the first');
        // Grown as frames turn out to be good: a broken file may claim any number of them.
        if (channel.samples.length === i * frameSamples) {
          const grown = new Float32Array(Math.min(frames.length, 2 * i + 64) * frameSamples);
          grown.set(channel.samples);
          channel.samples = grown;
        }
        channel.bank.next(spectrum, info, channel.samples, i * frameSamples);
      });
      if (count < channels.length) throw new Error('it has fewer channels than the first');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`the AAC audio is broken in frame ${i + 1} of ${frames.length}: ${why}`);
    }
  }
  return channels.map(({ samples }) => samples);
}

type Sent = Pick<ReturnType<typeof readChannel>, 'spectrum' | 'info'>;

function decodeFrame(bits: BitReader, bands: Bands, random: () => number, emit: (channel: Sent) => void): void {
  for (;;) {
    const kind = bits.read(3);
    switch (kind) {
      case element.single:
      case element.low: {
        bits.skip(4);
        const channel = readChannel(bits, bands, random, undefined);
        if (kind === element.low) break;
        shapeNoise(channel.spectrum, channel.filters);
        emit(channel);
        break;
      }
      case element.pair: {
        bits.skip(4);
        const shared = bits.flag() ? readWindowInfo(bits, bands) : undefined;
        const mask = shared && readStereoMask(bits, shared);
        const first = readChannel(bits, bands, random, shared);
        const second = readChannel(bits, bands, random, shared);
        if (mask) separate(first, second, mask);
        for (const channel of [first, second]) {
          shapeNoise(channel.spectrum, channel.filters);
          emit(channel);
        }
        break;
      }
      case element.coupling:
        throw new Error('it has a coupling channel, which is not supported');
      case element.data: {
        bits.skip(4);
        const isAligned = bits.flag();
        const length = bits.read(8);
        const more = length === 255 ? bits.read(8) : 0;
        if (isAligned) bits.align();
        bits.skip(8 * (length + more));
        break;
      }
      case element.layout:
        skipLayout(bits);
        break;
      case element.fill: {
        const length = bits.read(4);
        bits.skip(8 * (length === 15 ? 14 + bits.read(8) : length));
        break;
      }
      default:
        return;
    }
  }
}

/** Which element is which loudspeaker: program_config_element. */
function skipLayout(bits: BitReader): void {
  bits.skip(10);
  const [front, side, back, low, data, coupling] = [4, 4, 4, 2, 3, 4].map((width) => bits.read(width));
  for (const width of [4, 4, 3]) if (bits.flag()) bits.skip(width);
  const five = (front ?? 0) + (side ?? 0) + (back ?? 0) + (coupling ?? 0);
  bits.skip(5 * five + 4 * ((low ?? 0) + (data ?? 0)));
  bits.align();
  bits.skip(8 * bits.read(8));
}

/** The same noise for every file, in [-1, 1): a linear congruential generator of 32 bits (Numerical Recipes, 7.1). */
function noise(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}
