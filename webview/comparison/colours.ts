/** A colour for each run, and dashes when the colours are used up. The theme's orange is too dark for a line in some dark themes. */

const colours = ['blue', 'green', 'yellow', 'purple', 'red'] as const;

export interface RunLook {
  /** A theme variable. */
  readonly colour: string;
  readonly dashed: boolean;
}

export function lookOf(index: number): RunLook {
  return {
    colour: `--vscode-charts-${colours[index % colours.length] ?? 'blue'}`,
    dashed: Math.floor(index / colours.length) % 2 === 1,
  };
}
