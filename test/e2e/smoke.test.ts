/** The packed extension installs, and shows itself in a workbench that knows nothing of it. */

import { expect, test } from 'vitest';
import { useBench } from './bench.ts';

const bench = useBench();

test('an empty folder: Pinch is in the activity bar, and its views say how to begin', async () => {
  const { workbench } = bench;
  await workbench.showPinch();
  const runs = workbench.view('Runs');
  await runs.locator('.monaco-button', { hasText: 'Open Sample' }).waitFor();
  expect(await runs.innerText()).toContain('No runs yet.');
  await workbench.picture('empty-folder');
});
