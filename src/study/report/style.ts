/** The report's style: the editor's colours inside the editor, otherwise light or dark like the reader's system. */

/** The colours of the lowest and the highest sparsity are mixed in twenty steps. */
const shades = Array.from(
  { length: 20 },
  (_, shade) =>
    `.s${shade} { fill: color-mix(in oklab, var(--full) ${Math.round((100 * shade) / 19)}%, var(--empty)); }`,
).join('\n');

const light = `
  --text: var(--vscode-editor-foreground, #1f2328);
  --faint: var(--vscode-descriptionForeground, #59636e);
  --page: var(--vscode-editor-background, #ffffff);
  --rule: var(--vscode-widget-border, #d1d9e0);
  --c0: var(--vscode-charts-blue, #0969da);
  --c1: var(--vscode-charts-orange, #bc4c00);
  --c2: var(--vscode-charts-green, #1a7f37);
  --c3: var(--vscode-charts-purple, #8250df);
  --c4: var(--vscode-charts-red, #cf222e);
  --c5: var(--vscode-charts-yellow, #9a6700);
  --empty: #eaeef2;
  --full: #0a3069;`;

const dark = `
  --text: var(--vscode-editor-foreground, #e6edf3);
  --faint: var(--vscode-descriptionForeground, #9198a1);
  --page: var(--vscode-editor-background, #0d1117);
  --rule: var(--vscode-widget-border, #3d444d);
  --c0: var(--vscode-charts-blue, #58a6ff);
  --c1: var(--vscode-charts-orange, #f0883e);
  --c2: var(--vscode-charts-green, #3fb950);
  --c3: var(--vscode-charts-purple, #bc8cff);
  --c4: var(--vscode-charts-red, #ff7b72);
  --c5: var(--vscode-charts-yellow, #d29922);
  --empty: #212830;
  --full: #79c0ff;`;

/** The editor sets a class for its kind of theme, which may differ from the system's. */
export const reportStyle = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
body.vscode-light, body.vscode-high-contrast-light { color-scheme: light; ${light} }
body.vscode-dark, body.vscode-high-contrast:not(.vscode-high-contrast-light) { color-scheme: dark; ${dark} }
body { margin: 0 auto; padding: 24px; max-width: 1040px; background: var(--page); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 22px; margin: 0 0 4px; }
h2 { font-size: 16px; margin: 32px 0 8px; }
p { max-width: 70ch; }
span, .faint { color: var(--faint); }
svg { max-width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
.axis text { fill: var(--faint); }
.grid { stroke: var(--rule); stroke-width: 1; opacity: 0.6; }
.tick { stroke: var(--faint); }
.line { fill: none; stroke: var(--c); stroke-width: 2; }
.band { fill: var(--c); opacity: 0.13; stroke: none; }
.marker > *, .bar, .sign > * { fill: var(--c); }
.whisker { stroke: var(--c); opacity: 0.5; }
.arrow path { fill: none; stroke: var(--c); stroke-width: 2; }
.dense { --c: var(--faint); }
.dense .line { stroke-dasharray: 5 4; }
.m0 { --c: var(--c0); } .m1 { --c: var(--c1); } .m2 { --c: var(--c2); }
.m3 { --c: var(--c3); } .m4 { --c: var(--c4); } .m5 { --c: var(--c5); }
.sign { width: 12px; margin-right: 6px; vertical-align: -1px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { text-align: right; padding: 4px 8px; border-bottom: 1px solid var(--rule); }
th.text, td.text { text-align: left; }
th { font-weight: 600; color: var(--faint); }
tr.group th { padding-top: 16px; color: var(--text); }
sup { display: inline-block; width: 0.8em; text-align: left; line-height: 0; }
h3 { font-size: 14px; margin: 16px 0 8px; }
summary { cursor: pointer; padding: 4px 0; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 20px; }
.bars { max-width: 720px; }
.panel { min-width: 0; max-width: 560px; }
.panel.alone { max-width: 640px; }
.panel figcaption { font-size: 14px; font-weight: 600; }
.panel svg { display: block; width: 100%; }
.panel svg text { font-size: 13px; }
@media (max-width: 480px) {
  body { padding: 16px; }
  .panel svg text { font-size: 15px; }
  .panel.alone svg text { font-size: 19px; }
}
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 0; list-style: none; }
.grids { display: flex; flex-wrap: wrap; gap: 20px; }
figure { margin: 0; }
figcaption { font-size: 12px; }
${shades}
@media (forced-colors: active) { .cells rect, .bar, .marker > * { forced-color-adjust: none; } }
`;
