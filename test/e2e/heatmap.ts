/** What the heatmap's page shows. These functions run inside the page. */

export interface CellShown {
  readonly layer: string;
  readonly text: string;
  readonly step: number;
}

export function cells(): CellShown[] {
  return Array.from(document.querySelectorAll<HTMLElement>('td.cell[data-layer]'), (cell) => ({
    layer: cell.dataset['layer'] ?? '',
    text: cell.innerText,
    step: Number(cell.dataset['step'] ?? NaN),
  }));
}

/** The step that the cells show; 0 while they show none. */
export function newestStep(): number {
  return Number(document.querySelector<HTMLElement>('td.cell[data-step]')?.dataset['step'] ?? 0);
}
