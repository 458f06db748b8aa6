/** Decodes WAV files with ADPCM of IMA and Microsoft. The header that the decoder gets is written anew: it believes what a header says. */

import decodeWavFile from '@audio/decode-wav';

export interface AdpcmHeader {
  readonly adpcm: 'IMA' | 'Microsoft';
  readonly channels: number;
  readonly sampleRate: number;
  /** Bytes of a block, which is decoded by itself. */
  readonly block: number;
  readonly dataStart: number;
  /** Bytes of data that the header promises; undefined if its writer could not know. */
  readonly bytes: number | undefined;
  /** Samples per channel by the fact chunk: the last block is filled up. */
  readonly samples: number | undefined;
}

/** Their numbers in WAV files. */
export const adpcmFormats: Readonly<Record<number, AdpcmHeader['adpcm']>> = { 2: 'Microsoft', 0x11: 'IMA' };

/** Microsoft's predictors, which every file has. */
const coefficients = [256, 0, 512, -256, 0, 0, 192, 64, 240, 0, 460, -208, 392, -232];

/** A whole file: one array per channel. @throws Error if it is broken or cut off. */
export function decodeAdpcm(
  bytes: Uint8Array,
  header: AdpcmHeader,
): { channelData: readonly Float32Array[]; sampleRate: number } {
  const { adpcm, channels, sampleRate, block, dataStart } = header;
  const perBlock = samplesOf(header);
  const held = bytes.subarray(dataStart);
  if (header.bytes !== undefined && held.length < header.bytes) {
    throw new Error(`the WAV file is cut off: ${held.length} of ${header.bytes} bytes of ADPCM are there`);
  }
  const data = held.subarray(0, header.bytes ?? held.length);
  const blocks = Math.floor(data.length / block);
  if (blocks === 0) return { channelData: [], sampleRate };

  const extra = adpcm === 'IMA' ? 0 : 2 + 2 * coefficients.length;
  const start = 12 + 8 + 20 + extra + 8;
  const file = new Uint8Array(start + blocks * block);
  const view = new DataView(file.buffer);
  const write = (at: number, text: string): void => file.set(Buffer.from(text, 'latin1'), at);
  write(0, 'RIFF');
  view.setUint32(4, file.length - 8, true);
  write(8, 'WAVEfmt ');
  view.setUint32(16, 20 + extra, true);
  view.setUint16(20, adpcm === 'IMA' ? 0x11 : 2, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint16(32, block, true);
  view.setUint16(34, 4, true);
  view.setUint16(36, 2 + extra, true);
  view.setUint16(38, perBlock, true);
  if (extra > 0) view.setUint16(40, coefficients.length / 2, true);
  if (extra > 0) coefficients.forEach((value, i) => view.setInt16(42 + 2 * i, value, true));
  write(start - 8, 'data');
  view.setUint32(start - 4, blocks * block, true);
  file.set(data.subarray(0, blocks * block), start);

  const { channelData } = decodeWavFile(file);
  const decoded = channelData[0]?.length ?? 0;
  // Within the last block; libsndfile writes half of the truth into stereo files.
  const isTrue = header.samples !== undefined && header.samples <= decoded && header.samples > decoded - perBlock;
  const length = isTrue ? header.samples : decoded;
  return { channelData: channelData.map((channel) => channel.subarray(0, length)), sampleRate };
}

/** Samples per channel of a block: four bits each, behind a start of 4 (IMA) or 7 (Microsoft) bytes for each channel that holds 1 or 2 samples. */
function samplesOf({ adpcm, channels, block }: AdpcmHeader): number {
  const coded = block - (adpcm === 'IMA' ? 4 : 7) * channels;
  const samples = (2 * coded) / channels + (adpcm === 'IMA' ? 1 : 2);
  const most = adpcm === 'IMA' ? 8 : 2;
  if (
    coded <= 0 ||
    !Number.isInteger(samples) ||
    samples > 0xffff ||
    channels > most ||
    (adpcm === 'IMA' && coded % (4 * channels) !== 0)
  ) {
    throw new Error(
      `the WAV file has a broken header: ${adpcm} ADPCM in blocks of ${block} bytes for ${channels} channels`,
    );
  }
  return samples;
}
