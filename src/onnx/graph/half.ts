/** 16-bit floating-point numbers (IEEE 754 binary16), as bits in a Uint16Array. */

/** Rounds to the nearest 16-bit numbers, halves to even; too large numbers become infinite. */
export function toHalf(values: Float32Array): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i] ?? 0;
    const whole = bits[0] ?? 0;
    const sign = (whole >>> 16) & 0x8000;
    const magnitude = whole & 0x7fff_ffff;
    if (magnitude >= 0x4780_0000) {
      // 65536 and more, infinity, or NaN.
      halves[i] = sign | (magnitude > 0x7f80_0000 ? 0x7e00 : 0x7c00);
    } else if (magnitude >= 0x3880_0000) {
      // The exponent's bias changes from 127 to 15. Adding half of the last place, and one more if that is odd, rounds to even.
      halves[i] = sign | ((magnitude - 0x3800_0000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    } else {
      // In units of the smallest number, 2⁻²⁴: adding 2²³ in 32 bits rounds to whole units, halves to even.
      float[0] = Math.abs(float[0]) * 2 ** 24 + 2 ** 23;
      halves[i] = sign | ((bits[0] ?? 0) & 0x7f_ffff);
    }
  }
  return halves;
}

/** Exactly the same numbers in 32 bits. */
export function fromHalf(halves: Uint16Array): Float32Array<ArrayBuffer> {
  table ??= Float32Array.from({ length: 1 << 16 }, (_, half) => valueOf(half));
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = table[halves[i] ?? 0] ?? 0;
  return values;
}

let table: Float32Array | undefined;

function valueOf(half: number): number {
  const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 0x1f, half & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
