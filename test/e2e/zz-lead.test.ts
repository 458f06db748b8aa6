import { test } from 'vitest';
import { useBench } from './bench.ts';
const bench = useBench();
test('walk', async () => {
  const { workbench } = bench;
  await workbench.showPinch();
  await workbench.picture('lead-1-empty');
  await workbench.command('Pinch: Open Sample');
  await workbench.page.waitForTimeout(3000);
  await workbench.picture('lead-2-sample');
  await workbench.command('Pinch: Prune Model');
  for (let i = 0; i < 8; i++) {
    await workbench.page.waitForTimeout(1200);
    await workbench.picture(`lead-3-step${i}`);
    const title = await workbench.choiceTitle().catch(() => 'none');
    console.log(title, await workbench.choices().catch(() => []));
    await workbench.page.keyboard.press('Enter');
    if (i === 7) break;
  }
  for (let i = 0; i < 6; i++) {
    await workbench.page.waitForTimeout(4000);
    await workbench.picture(`lead-4-run${i}`);
  }
  console.log(await workbench.rowTexts('Runs'), await workbench.notifications(), workbench.problems);
}, 200000);
