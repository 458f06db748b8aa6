/** Waits until nobody moves the pointer. */

/** Milliseconds without a move of the pointer that are a rest. */
const rest = 400;
let lastMove = -Infinity;
addEventListener('pointermove', () => (lastMove = performance.now()), { passive: true, capture: true });

/** Calls `run` after the next frame is on the screen and the pointer rests: what it starts may cost a frame or two. */
export function whenStill(run: () => void): void {
  const wait = (): void => {
    const left = lastMove + rest - performance.now();
    if (left > 0) setTimeout(wait, left);
    else run();
  };
  requestAnimationFrame(() => setTimeout(wait));
}
