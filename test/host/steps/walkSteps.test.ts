import { expect, test } from 'vitest';
import { walkSteps, type StepAnswer, type Place, type Step } from '../../../src/host/steps/walkSteps.ts';

interface Choices {
  readonly seen: readonly string[];
}

/** Steps that answer from a script, and what each was asked. */
function scripted(answers: Readonly<Record<string, readonly string[]>>): { steps: Step<Choices>[]; asked: Place[] } {
  const asked: Place[] = [];
  const steps = Object.entries(answers).map(([name, list]): Step<Choices> => {
    const left = [...list];
    return {
      name,
      ask: ({ seen }, place): Promise<StepAnswer<Choices>> => {
        asked.push(place);
        const next = left.shift();
        if (next === undefined) throw new Error(`${name} was asked once too often`);
        if (next === 'cancel') return Promise.resolve({ kind: 'cancel' });
        if (next === 'back') return Promise.resolve({ kind: 'back' });
        if (next.startsWith('to ')) return Promise.resolve({ kind: 'back', to: next.slice(3) });
        return Promise.resolve({ kind: 'next', choices: { seen: [...seen, next] } });
      },
    };
  });
  return { steps, asked };
}

const walk = (answers: Readonly<Record<string, readonly string[]>>) =>
  walkSteps('Title', scripted(answers).steps, { seen: [] });

test('every step in turn', async () =>
  expect(await walk({ a: ['1'], b: ['2'], c: ['3'] })).toEqual({ seen: ['1', '2', '3'] }));

test('back keeps what was chosen', async () =>
  expect(await walk({ a: ['1', '1 again'], b: ['back', '2'] })).toEqual({ seen: ['1', '1 again', '2'] }));

test('back to a named step asks those between again', async () =>
  expect(await walk({ a: ['1'], b: ['2', '2 again'], c: ['3', '3 again'], d: ['to b', '4'] })).toEqual({
    seen: ['1', '2', '3', '2 again', '3 again', '4'],
  }));

test('a step that does not apply is left out, on the way back, too, and in the count', async () => {
  const { steps, asked } = scripted({ a: ['1', '1 again'], b: ['2'], c: ['back', '3', '3 again'], d: ['4'] });
  const [a, b, c, d] = steps as [Step<Choices>, Step<Choices>, Step<Choices>, Step<Choices>];
  const whenAgain = { ...b, applies: ({ seen }: Choices) => seen.includes('1 again') };
  const never = { ...d, applies: () => false };
  expect(await walkSteps('Prune', [a, whenAgain, c, never], { seen: [] })).toEqual({
    seen: ['1', '1 again', '2', '3'],
  });
  expect(asked.map(({ step, total }) => `${step}/${total}`)).toEqual(['1/2', '2/2', '1/2', '2/3', '3/3']);
});

test('back to a step that was left out goes one step back', async () =>
  expect(await walk({ a: ['1'], b: ['2', '2 again'], c: ['to model', '3'] })).toEqual({
    seen: ['1', '2', '2 again', '3'],
  }));

test('back from the first step asks it again', async () =>
  expect(await walk({ a: ['back', '1'] })).toEqual({ seen: ['1'] }));

test('cancelled at any step', async () => expect(await walk({ a: ['1'], b: ['cancel'], c: [] })).toBeUndefined());

test('each step is told its place', async () => {
  const { steps, asked } = scripted({ a: ['1'], b: ['2'] });
  await walkSteps('Prune', steps, { seen: [] });
  expect(asked).toEqual([
    { title: 'Prune', step: 1, total: 2, canGoBack: false },
    { title: 'Prune', step: 2, total: 2, canGoBack: true },
  ]);
});

test('begins with a named step, and goes back to those before it', async () => {
  const begin = (from: string) =>
    walkSteps('Title', scripted({ a: ['1'], b: ['2'], c: ['back', '3'] }).steps, { seen: [] }, from);
  expect(await begin('c')).toEqual({ seen: ['2', '3'] });
  expect(await walkSteps('Title', scripted({ a: ['1'], b: ['2'] }).steps, { seen: [] }, 'none')).toEqual({
    seen: ['1', '2'],
  });
});
