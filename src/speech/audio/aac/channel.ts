/** Reads what a frame of AAC has on one channel (individual_channel_stream of ISO/IEC 14496-3, 4.4.2.7), up to the spectrum's scaled values. */

import type { Bands } from './bands.ts';
import type { BitReader } from './bits.ts';
import { readSymbol, scaleFactorBook, spectralBooks } from './codebooks.ts';
import { frameSamples } from './config.ts';
import { readNoiseShaping, type NoiseFilter } from './noiseShaping.ts';
import { eachBand, readWindowInfo, type WindowInfo } from './window.ts';

export interface Channel {
  readonly info: WindowInfo;
  /** Codebook of each band of each group, `info.bands` of each group. */
  readonly books: Uint8Array;
  /** Scale factor of each, or the position or the energy that stands in its place. */
  readonly factors: Int16Array;
  readonly filters: readonly NoiseFilter[];
  /** Of one window after another. */
  readonly spectrum: Float32Array;
}

/** Numbers of codebooks from here on are no books but say how a band is made up. */
export const noiseBook = 13;
export const outOfPhaseBook = 14;

/**
 * @param shared window of a pair of channels; without it, the channel has its own.
 * @param random noise in [-1, 1).
 */
export function readChannel(
  bits: BitReader,
  bands: Bands,
  random: () => number,
  shared: WindowInfo | undefined,
): Channel {
  const gain = bits.read(8);
  const info = shared ?? readWindowInfo(bits, bands);
  const books = readSections(bits, info);
  const factors = readFactors(bits, books, gain);
  const pulses = bits.flag() ? readPulses(bits, info) : [];
  const filters = bits.flag() ? readNoiseShaping(bits, info, bands) : [];
  if (bits.flag()) throw new Error('it uses gain control, which AAC-LC does not have');
  const quantised = readQuantised(bits, info, books);
  for (const { line, amount } of pulses)
    quantised[line] = (quantised[line] ?? 0) + ((quantised[line] ?? 0) > 0 ? amount : -amount);
  return { info, books, factors, filters, spectrum: scale(quantised, info, books, factors, random) };
}

function readSections(bits: BitReader, { sequence, bands, groups }: WindowInfo): Uint8Array {
  const books = new Uint8Array(groups.length * bands);
  const width = sequence === 'short' ? 3 : 5;
  const more = 2 ** width - 1;
  for (let group = 0; group < groups.length; group++) {
    for (let band = 0; band < bands;) {
      const book = bits.read(4);
      if (book === 12) throw new Error('it names a codebook that does not exist');
      let length = 0;
      let part: number;
      do {
        part = bits.read(width);
        length += part;
      } while (part === more);
      if (band + length > bands) throw new Error('it has a section that is too long');
      books.fill(book, group * bands + band, group * bands + band + length);
      band += length;
    }
  }
  return books;
}

/** Each is sent as the difference to the one before of the same kind. */
function readFactors(bits: BitReader, books: Uint8Array, gain: number): Int16Array {
  let factor = gain;
  let position = 0;
  let energy = gain - 90;
  let isFirstNoise = true;
  const difference = (): number => readSymbol(bits, scaleFactorBook) - 60;
  return Int16Array.from(books, (book) => {
    if (book === 0) return 0;
    if (book === noiseBook) {
      energy += isFirstNoise ? bits.read(9) - 256 : difference();
      isFirstNoise = false;
      if (energy < -200 || energy > 200) throw new Error('it has noise out of range');
      return energy;
    }
    if (book > noiseBook) {
      position += difference();
      if (position < -200 || position > 200) throw new Error('it has an intensity out of range');
      return position;
    }
    factor += difference();
    if (factor < 0 || factor > 255) throw new Error('it has a scale factor out of range');
    return factor;
  });
}

/** Amounts that are added to the magnitude of single lines. */
function readPulses(bits: BitReader, { sequence, edges, lines }: WindowInfo): { line: number; amount: number }[] {
  if (sequence === 'short') throw new Error('it has pulses in short windows');
  const count = bits.read(2) + 1;
  let line = edges[bits.read(6)] ?? lines;
  return Array.from({ length: count }, () => {
    line += bits.read(5);
    if (line >= lines) throw new Error('it has a pulse out of range');
    return { line, amount: bits.read(4) };
  });
}

function readQuantised(bits: BitReader, info: WindowInfo, books: Uint8Array): Int16Array {
  const out = new Int16Array(frameSamples);
  eachBand(info, (index, from, to) => {
    const number = books[index] ?? 0;
    const book = spectralBooks[number - 1];
    if (!book) return;
    const { size, values, isUnsigned } = book;
    for (let line = from; line < to; line += size) {
      const first = size * readSymbol(bits, book);
      for (let i = 0; i < size; i++) {
        const value = values[first + i] ?? 0;
        out[line + i] = isUnsigned && value !== 0 && bits.read(1) === 1 ? -value : value;
      }
      if (number < 11) continue;
      for (let i = line; i < line + 2; i++) {
        const value = out[i] ?? 0;
        if (Math.abs(value) === 16) out[i] = Math.sign(value) * readEscape(bits);
      }
    }
  });
  return out;
}

/** A number from 16 on: ones, a zero, and four bits more than there were ones. */
function readEscape(bits: BitReader): number {
  let width = 4;
  while (bits.flag()) width++;
  if (width > 12) throw new Error('it has a value out of range');
  return 2 ** width + bits.read(width);
}

function scale(
  quantised: Int16Array,
  info: WindowInfo,
  books: Uint8Array,
  factors: Int16Array,
  random: () => number,
): Float32Array {
  const out = new Float32Array(frameSamples);
  eachBand(info, (index, from, to) => {
    const book = books[index] ?? 0;
    const factor = factors[index] ?? 0;
    if (book === noiseBook) {
      let energy = 0;
      for (let i = from; i < to; i++) {
        const value = random();
        out[i] = value;
        energy += value * value;
      }
      const step = 2 ** (factor / 4) / Math.sqrt(energy || 1);
      for (let i = from; i < to; i++) out[i] = (out[i] ?? 0) * step;
    } else if (book > 0 && book < noiseBook) {
      const step = 2 ** ((factor - 100) / 4);
      for (let i = from; i < to; i++) {
        const value = quantised[i] ?? 0;
        if (value !== 0) out[i] = Math.sign(value) * (powers[Math.abs(value)] ?? 0) * step;
      }
    }
  });
  return out;
}

/** Powers of 4/3 of all magnitudes, with those that pulses add. */
const powers = Float64Array.from({ length: 8192 + 64 }, (_, value) => value ** (4 / 3));
