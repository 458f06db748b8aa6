/** The theme's colours, for drawing by script. */

/** The value of a theme variable (`--vscode-…`); if it is not set, that of the next; if none is, the text itself. */
export function themeColour(...variables: readonly string[]): string {
  const style = getComputedStyle(document.body);
  for (const variable of variables) {
    const value = style.getPropertyValue(variable).trim();
    if (value !== '') return value;
  }
  return style.color;
}

/** Calls back after a theme change, when the editor sets other variables on the root and another class on the body. */
export function onThemeChange(callback: () => void): void {
  let asked = false;
  const observer = new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      callback();
    });
  });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
}

/** High contrast, light or dark. */
export function isHighContrast(): boolean {
  const { classList } = document.body;
  return classList.contains('vscode-high-contrast') || classList.contains('vscode-high-contrast-light');
}
