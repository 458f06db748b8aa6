/** The heatmap's colours in the editor's own themes: even steps, readable numbers, both ends far apart. */

import { describe, expect, test } from 'vitest';
import { contrast, oklab, parseColour, sparsityShades } from '../../../../webview/ui/sparsity/colourScale.ts';

const themes: readonly [string, string, string][] = [
  ['dark', '#181818', '#59a4f9'],
  ['light', '#f8f8f8', '#1a85ff'],
  ['high contrast', '#000000', '#59a4f9'],
  ['high contrast light', '#ffffff', '#0063d3'],
  ['a warm theme', '#fdf6e3', '#268bd2'],
  ['a red accent', '#282a36', '#ff5555'],
];

const distance = (one: string, other: string): number => {
  const [a, b] = [oklab(parseColour(one)), oklab(parseColour(other))];
  return Math.hypot(...a.map((part, at) => part - b[at]!));
};

describe.each(themes)('%s', (_, background, accent) => {
  const shades = sparsityShades(background, accent);

  test('lightness rises or falls all the way, in even steps', () => {
    const lightness = shades.map(({ background: css }) => oklab(parseColour(css))[0]);
    const steps = lightness.slice(1).map((now, at) => now - lightness[at]!);
    const mean = (lightness.at(-1)! - lightness[0]!) / 100;
    for (const step of steps) expect(step / mean).toBeGreaterThan(0);
    // Over ten steps, because colours are rounded to 8 bits.
    for (let at = 0; at + 10 <= 100; at++) {
      expect(Math.abs((lightness[at + 10]! - lightness[at]!) / (10 * mean) - 1)).toBeLessThan(0.2);
    }
  });

  test('ten percent more looks about as much more anywhere', () => {
    const tens = Array.from({ length: 10 }, (_, at) =>
      distance(shades[10 * at]!.background, shades[10 * at + 10]!.background),
    );
    expect(Math.max(...tens) / Math.min(...tens)).toBeLessThan(2);
    expect(Math.min(...tens)).toBeGreaterThan(0.03);
  });

  test('numbers can be read on every shade', () => {
    for (const { background: css, text } of shades) {
      expect(contrast(parseColour(css), parseColour(text))).toBeGreaterThan(4.5);
    }
  });

  test('nothing pruned is near the background, everything far from it', () => {
    expect(distance(shades[0]!.background, background)).toBeLessThan(0.13);
    expect(distance(shades[100]!.background, background)).toBeGreaterThan(0.5);
  });
});

test.each([
  ['#fff', [1, 1, 1]],
  ['#FF000080', [1, 0, 0]],
  [' #336699 ', [0.2, 0.4, 0.6]],
  ['rgb(255, 0, 51)', [1, 0, 0.2]],
  ['rgba(0 51 255 / 50%)', [0, 0.2, 1]],
  ['transparent', [0.5, 0.5, 0.5]],
  ['', [0.5, 0.5, 0.5]],
])('reads the colour "%s"', (css, expected) => {
  for (const [at, part] of parseColour(css).entries()) expect(part).toBeCloseTo(expected[at]!, 5);
});

test('Oklab of red is what its author gives', () => {
  const [l, a, b] = oklab([1, 0, 0]);
  expect(l).toBeCloseTo(0.628, 3);
  expect(a).toBeCloseTo(0.225, 3);
  expect(b).toBeCloseTo(0.126, 3);
});
