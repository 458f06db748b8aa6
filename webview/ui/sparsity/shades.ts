/** The shades of sparsity in the present theme. */

import { themeColour } from '../theme.ts';
import { sparsityShades, type Shade } from './colourScale.ts';

/** One for each whole percent. */
export function themeShades(): Shade[] {
  const background = themeColour('--vscode-sideBar-background', '--vscode-editor-background');
  return sparsityShades(background, themeColour('--vscode-charts-blue', '--vscode-textLink-foreground'));
}
