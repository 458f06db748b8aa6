/** The colours of sparsity: from the theme's background to its opposite, in steps that look equal. */

export interface Shade {
  /** A CSS colour. */
  readonly background: string;
  /** Black or white: the one with more contrast on the colour. */
  readonly text: string;
}

/** Red, green, blue, 0..1. */
export type Rgb = readonly [number, number, number];

/** Lightness 0..1 and two axes of colour, perceptually uniform: Ottosson's Oklab, https://bottosson.github.io/posts/oklab/. */
export type Oklab = readonly [number, number, number];

/**
 * One shade for each whole percent, 0 to 100. Lightness rises or falls in equal steps from near the background to the other end. Hue turns from
 * one side of the accent to the other, which makes neighbours distinct without a jump.
 * @param background and @param accent as the theme gives them: `#rrggbb` or `rgb(…)`.
 */
export function sparsityShades(background: string, accent: string): Shade[] {
  const [near] = oklab(parseColour(background));
  const [, a, b] = oklab(parseColour(accent));
  const accentHue = Math.atan2(b, a);
  const dark = near < 0.6;
  const [from, to] = dark ? [near + 0.07, 0.9] : [near - 0.03, 0.36];
  return Array.from({ length: 101 }, (_, percent) => {
    const share = percent / 100;
    // In nature, light colours are yellower than dark ones. Both themes follow that.
    const light = dark ? share : 1 - share;
    const hue = accentHue + (0.45 - 1.75 * light);
    const chroma = dark ? 0.03 + 0.1 * Math.min(1, 3 * share) : 0.015 + 0.12 * share;
    const colour = inGamut(from + (to - from) * share, chroma, hue);
    return { background: cssOf(colour), text: readableOn(colour) };
  });
}

/** Reads `#rgb`, `#rrggbb`, `#rrggbbaa`, `rgb(…)` and `rgba(…)`, the forms that editors use; grey for any other text. Transparency is ignored. */
export function parseColour(css: string): Rgb {
  const hex = /^#([0-9a-f]{3,8})$/iu.exec(css.trim())?.[1];
  if (hex !== undefined && hex.length < 6)
    return [0, 1, 2].map((at) => parseInt(hex.charAt(at), 16) / 15) as unknown as Rgb;
  if (hex !== undefined) {
    return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255) as unknown as Rgb;
  }
  const numbers = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/iu.exec(css.trim());
  if (!numbers) return [0.5, 0.5, 0.5];
  return [1, 2, 3].map((at) => Math.min(1, Number(numbers[at]) / 255)) as unknown as Rgb;
}

export function oklab([red, green, blue]: Rgb): Oklab {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** WCAG 2's contrast ratio, 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** The colour with as much chroma as a screen can show at this lightness and hue. */
function inGamut(lightness: number, chroma: number, hue: number): Rgb {
  for (let left = chroma; ; left -= 0.005) {
    const rgb = rgbOf([lightness, Math.max(0, left) * Math.cos(hue), Math.max(0, left) * Math.sin(hue)]);
    if (left <= 0 || rgb.every((part) => part >= -1e-4 && part <= 1.0001)) {
      return rgb.map((part) => Math.min(1, Math.max(0, part))) as unknown as Rgb;
    }
  }
}

function rgbOf([lightness, a, b]: Oklab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

function encoded(part: number): number {
  return part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055;
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function readableOn(colour: Rgb): string {
  return contrast(colour, [0, 0, 0]) >= contrast(colour, [1, 1, 1]) ? '#000000' : '#ffffff';
}

function cssOf(colour: Rgb): string {
  return `#${colour
    .map((part) =>
      Math.round(part * 255)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
