/** Draws into the text of an SVG file. */

import type { Pen, Point } from './drawChart.ts';

export function svgPen(width: number, height: number): Pen & { readonly end: () => string } {
  const parts: string[] = [];
  return {
    area: (points, colour, opacity) =>
      void parts.push(`<polygon points="${list(points)}" fill="${escaped(colour)}" fill-opacity="${opacity}"/>`),
    line: (points, colour, thickness, dashed) =>
      void parts.push(
        `<polyline points="${list(points)}" fill="none" stroke="${escaped(colour)}" stroke-width="${thickness}"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
      ),
    dot: ([x, y], colour) =>
      void parts.push(`<circle cx="${short(x)}" cy="${short(y)}" r="3" fill="${escaped(colour)}"/>`),
    text: ([x, y], text, { colour, size, anchor }) =>
      void parts.push(
        `<text x="${short(x)}" y="${short(y)}" font-size="${size}" text-anchor="${anchor}" fill="${escaped(colour)}">${escaped(text)}</text>`,
      ),
    end: () =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">\n${parts.join('\n')}\n</svg>\n`,
  };
}

function list(points: readonly Point[]): string {
  return points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ');
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}

function escaped(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      // XML has no other control characters.
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/gu, '')
  );
}
