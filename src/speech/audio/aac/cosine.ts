/** The cosine transform under AAC's filter bank. */

/**
 * A transform of a fixed size, a power of two from 4 on: out[n] = sum of in[k] cos(pi / size (n + 1/2) (k + 1/2)), which is called DCT-IV, by a complex
 * Fourier transform of half the size (Wang, "Fast algorithms for the discrete W transform", 1984).
 */
export class CosineTransform {
  private readonly size: number;
  private readonly real: Float64Array;
  private readonly imaginary: Float64Array;
  /** Cosine and sine of the angle that each pair of values is turned by before and behind. */
  private readonly turns: Float64Array;
  /** Cosine and sine of each step around the circle of the Fourier transform. */
  private readonly steps: Float64Array;

  constructor(size: number) {
    const half = size / 2;
    this.size = size;
    this.real = new Float64Array(half);
    this.imaginary = new Float64Array(half);
    this.turns = circle(half, (i) => (-Math.PI * (8 * i + 1)) / (8 * size));
    this.steps = circle(half, (i) => (-2 * Math.PI * i) / half);
  }

  /** From `input[from]` on to `output`. */
  run(input: Float32Array, from: number, output: Float64Array): void {
    const { size, real, imaginary, turns } = this;
    const half = size / 2;
    for (let k = 0; k < half; k++) {
      const [a, b] = [input[from + 2 * k] ?? 0, input[from + size - 1 - 2 * k] ?? 0];
      const [c, s] = [turns[2 * k] ?? 0, turns[2 * k + 1] ?? 0];
      real[k] = a * c - b * s;
      imaginary[k] = a * s + b * c;
    }
    this.transform();
    for (let n = 0; n < half; n++) {
      const [a, b] = [real[n] ?? 0, imaginary[n] ?? 0];
      const [c, s] = [turns[2 * n] ?? 0, turns[2 * n + 1] ?? 0];
      output[2 * n] = a * c - b * s;
      output[size - 1 - 2 * n] = -(a * s + b * c);
    }
  }

  /** The Fourier transform, in place, of radix 2. */
  private transform(): void {
    const { real, imaginary, steps } = this;
    const { length } = real;
    for (let i = 0, j = 0; i < length; i++) {
      if (i < j) {
        [real[i], real[j]] = [real[j] ?? 0, real[i] ?? 0];
        [imaginary[i], imaginary[j]] = [imaginary[j] ?? 0, imaginary[i] ?? 0];
      }
      let bit = length >> 1;
      for (; bit > 0 && j & bit; bit >>= 1) j ^= bit;
      j |= bit;
    }
    for (let span = 1; span < length; span *= 2) {
      const stride = length / (2 * span);
      for (let start = 0; start < length; start += 2 * span) {
        for (let k = 0; k < span; k++) {
          const [p, q] = [start + k, start + k + span];
          const [c, s] = [steps[2 * k * stride] ?? 0, steps[2 * k * stride + 1] ?? 0];
          const a = (real[q] ?? 0) * c - (imaginary[q] ?? 0) * s;
          const b = (real[q] ?? 0) * s + (imaginary[q] ?? 0) * c;
          real[q] = (real[p] ?? 0) - a;
          imaginary[q] = (imaginary[p] ?? 0) - b;
          real[p] = (real[p] ?? 0) + a;
          imaginary[p] = (imaginary[p] ?? 0) + b;
        }
      }
    }
  }
}

function circle(count: number, angle: (i: number) => number): Float64Array {
  return Float64Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? Math.cos : Math.sin)(angle(i >> 1)));
}
