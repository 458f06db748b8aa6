/** The legend of the colours: sparsity from 0 to 100 %. */

import './legend.css';
import { make } from '../dom.ts';
import { onThemeChange } from '../theme.ts';
import { themeShades } from './shades.ts';

export function legend(): HTMLElement {
  const swatches = Array.from({ length: 21 }, () => make('span'));
  const paint = (): void => {
    const shades = themeShades();
    for (const [at, swatch] of swatches.entries()) {
      swatch.style.backgroundColor = shades[at * 5]?.background ?? '';
    }
  };
  paint();
  onThemeChange(paint);
  return make(
    'div',
    { class: 'legend', role: 'img', 'aria-label': 'Colours from 0 to 100 percent of zero weights' },
    make('span', {}, '0 %'),
    make('div', {}, ...swatches),
    make('span', {}, '100 % zero'),
  );
}
