/** The charts of a run: which curves stand in which chart, and in which colours. */

import { percent, significant, small } from '../../src/base/format.ts';
import type { CourseNumber } from '../../src/protocol/course.ts';

export interface CurveLine {
  readonly number: CourseNumber;
  readonly label: string;
  /** A theme variable. */
  readonly colour: string;
  readonly dashed?: boolean;
  /** Its mean is smoothed, and the spread of its steps is drawn behind it. */
  readonly noisy?: boolean;
}

export interface CurveChart {
  readonly id: string;
  readonly title: string;
  readonly lines: readonly CurveLine[];
  readonly format: (value: number) => string;
  readonly range?: readonly [number, number];
}

const blue = '--vscode-charts-blue';
const green = '--vscode-charts-green';
const yellow = '--vscode-charts-yellow';
const purple = '--vscode-charts-purple';
const quiet = '--vscode-descriptionForeground';

export const curveCharts: readonly CurveChart[] = [
  {
    id: 'loss',
    title: 'Loss',
    format: significant,
    lines: [
      { number: 'ctcLoss', label: 'CTC loss', colour: blue, noisy: true },
      { number: 'loss', label: 'with sparsity loss', colour: yellow, noisy: true, dashed: true },
    ],
  },
  {
    id: 'sparsity',
    title: 'Sparsity of the gated weights',
    format: (value) => percent(value, 0),
    range: [0, 1],
    lines: [
      { number: 'sparsity', label: 'Sparsity', colour: green },
      { number: 'sparsityTarget', label: 'Target', colour: quiet, dashed: true },
    ],
  },
  {
    id: 'learning-rate',
    title: 'Learning rate',
    format: small,
    lines: [{ number: 'learningRate', label: 'Learning rate', colour: purple }],
  },
  {
    id: 'gradient-norm',
    title: 'Gradient norm',
    format: significant,
    lines: [{ number: 'gradientNorm', label: 'Gradient norm', colour: blue, noisy: true }],
  },
  {
    id: 'step-time',
    title: 'Seconds per step',
    format: significant,
    lines: [{ number: 'secondsPerStep', label: 's/step', colour: yellow, noisy: true }],
  },
  {
    id: 'speed',
    title: 'Seconds of speech per second',
    format: significant,
    lines: [{ number: 'audioSecondsPerSecond', label: '× real time', colour: green, noisy: true }],
  },
];
