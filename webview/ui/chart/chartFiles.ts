/** A chart as a picture: SVG for papers, PNG for slides. */

import { themeColour } from '../theme.ts';
import type { ChartTable } from './chartTable.ts';
import { drawChart, type Pen } from './drawChart.ts';
import { svgPen } from './svgPen.ts';

const [width, height] = [720, 400];
/** Pixels of the picture for one of the drawing. */
const sharp = 2;

export function chartSvg(table: ChartTable): string {
  const pen = svgPen(width, height);
  drawChart(pen, table, { width, height, ...inks() });
  return pen.end();
}

export async function chartPng(table: ChartTable): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [sharp * width, sharp * height];
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This window cannot draw pictures.');
  context.scale(sharp, sharp);
  drawChart(canvasPen(context), table, { width, height, ...inks() });
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('The picture could not be made.');
  return new Uint8Array(await blob.arrayBuffer());
}

function inks() {
  return {
    paper: themeColour('--vscode-editor-background'),
    ink: themeColour('--vscode-foreground'),
    colourOf: (variable: string) => themeColour(variable, '--vscode-foreground'),
  };
}

function canvasPen(context: CanvasRenderingContext2D): Pen {
  const trace = (points: readonly (readonly [number, number])[]): void => {
    context.beginPath();
    for (const [at, [x, y]] of points.entries()) {
      if (at === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
  };
  return {
    area(points, colour, opacity) {
      context.globalAlpha = opacity;
      context.fillStyle = colour;
      trace(points);
      context.fill();
      context.globalAlpha = 1;
    },
    line(points, colour, thickness, dashed) {
      context.strokeStyle = colour;
      context.lineWidth = thickness;
      context.setLineDash(dashed ? [5, 4] : []);
      trace(points);
      context.stroke();
      context.setLineDash([]);
    },
    dot([x, y], colour) {
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x, y, 3, 0, 2 * Math.PI);
      context.fill();
    },
    text([x, y], text, { colour, size, anchor }) {
      context.fillStyle = colour;
      context.font = `${size}px sans-serif`;
      context.textAlign = anchor === 'middle' ? 'center' : anchor;
      context.fillText(text, x, y);
    },
  };
}
