/**
 * Calls `act` at once, and then once per so many milliseconds, however often it is requested. The last request is never lost.
 * For what another page draws, such as the step under a dragged pointer: drawn for every frame here, it would take frames from this page.
 */
export function oncePer(milliseconds: number, act: () => void): () => void {
  let acted = -Infinity;
  let waiting = false;
  const now = (): void => {
    waiting = false;
    acted = performance.now();
    act();
  };
  return () => {
    if (waiting) return;
    const wait = acted + milliseconds - performance.now();
    if (wait <= 0) {
      now();
      return;
    }
    waiting = true;
    setTimeout(now, wait);
  };
}
