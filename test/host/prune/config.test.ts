import { describe, expect, test } from 'vitest';
import pinchPackage from '../../../package.json' with { type: 'json' };
import { parsePruneArguments } from '../../../src/host/prune/arguments.ts';
import { lackingSteps, plainSteps } from '../../../src/protocol/textSteps.ts';
import { namedSettings, pruneConfig, suggestedBy, type PruneChoices } from '../../../src/host/prune/config.ts';
import { granularityTexts, targetQuestion } from '../../../src/host/prune/granularity.ts';
import { completeSettings, granularities } from '../../../src/protocol/settings.ts';

const choices: PruneChoices = {
  model: '/w/model',
  train: '/w/train.jsonl',
  dev: null,
  method: 'self-pinching',
  granularity: 'neuron',
  target: 0.75,
  device: 'cpu',
};

describe('the settings of a run', () => {
  test('without layers are the defaults and the choices', () => {
    const { model, train, dev, method, granularity, device, target } = choices;
    expect(pruneConfig([], choices)).toEqual(
      completeSettings({ model, train, dev, method, granularity, device, sparsity: { target } }),
    );
  });

  test('with what a size or a latency was found to need', () => {
    const budget = { bytes: null, latency: 0.5, int8: false };
    const { sparsity, budget: kept } = pruneConfig([], { ...choices, target: 0.658, budget });
    expect([sparsity.target, kept]).toEqual([0.658, budget]);
    // What a file promises does not hold for another target.
    const file = { from: 'prune.json', settings: { budget } };
    expect(pruneConfig([file], choices).budget).toEqual({ bytes: null, latency: null, int8: false });
  });

  test('later layers override earlier ones, group by group', () => {
    const { epochs, optimizer } = pruneConfig(
      [
        { from: 'prune.json', settings: { epochs: 20, optimizer: { learningRate: 3e-4, warmup: 0.1 } } },
        { from: 'pinch.prune.learningRate', settings: namedSettings['learningRate']?.(1e-3) },
      ],
      choices,
    );
    expect({ epochs, rate: optimizer.learningRate, warmup: optimizer.warmup }).toEqual({
      epochs: 20,
      rate: 1e-3,
      warmup: 0.1,
    });
  });

  test('choices override all layers, None for the development data too', () => {
    const given = { model: '/x', train: '/x', dev: '/x', method: 'none', granularity: 'weight', device: 'cuda' };
    const layer = { from: 'f', settings: { ...given, sparsity: { target: 0.1 } } };
    const { model, train, dev, method, granularity, device, sparsity } = pruneConfig([layer], choices);
    expect({ model, train, dev, method, granularity, device, target: sparsity.target }).toEqual(choices);
  });

  test.each(['ump', 'nas-cp', 'none'] as const)('with %s have no granularity, whatever is chosen or set', (method) => {
    const layer = { from: 'pinch.prune.granularity', settings: namedSettings['granularity']?.('neuron+weight') };
    expect(pruneConfig([layer], { ...choices, method })).toMatchObject({ method, granularity: 'weight' });
  });

  test('the editor counts in epochs, whatever steps the model brings', () => {
    const layers = [
      { from: 'prune.json', settings: { steps: 40 } },
      { from: 'pinch.prune.epochs', settings: namedSettings['epochs']?.(3) },
    ];
    expect(pruneConfig(layers, choices)).toMatchObject({ steps: null, epochs: 3 });
  });

  test.each([
    [{ epoch: 3 }, /^prune\.json: There is no setting "epoch"/u],
    [{ batch: { seconds: -1 } }, /^prune\.json: The setting "batch\.seconds" must be a number above 0/u],
    [[1, 2], /^prune\.json: The settings must be an object/u],
    ['text', /^prune\.json: The settings must be an object/u],
  ])('%j is refused, naming its place', (settings, message) =>
    expect(() => pruneConfig([{ from: 'prune.json', settings }], choices)).toThrow(message),
  );
});

describe('what is suggested first', () => {
  test('comes from the layers', () =>
    expect(
      suggestedBy([{ from: 'f', settings: { granularity: 'neuron', device: 'webgpu', sparsity: { target: 0.5 } } }]),
    ).toEqual({ method: 'self-pinching', granularity: 'neuron', target: 0.5, device: 'webgpu' }));

  test('keeps a method and a granularity from places that do not go together', () =>
    expect(
      suggestedBy([
        { from: 'prune.json', settings: { method: 'ump', sparsity: { target: 0.5 } } },
        { from: 'pinch.prune.granularity', settings: { granularity: 'neuron' } },
      ]),
    ).toEqual({ method: 'ump', granularity: 'neuron', target: 0.5, device: 'auto' }));

  test('is the default where the layers are wrong', () =>
    expect(suggestedBy([{ from: 'f', settings: { device: 'tpu' } }])).toEqual({
      method: 'self-pinching',
      granularity: 'weight',
      target: 0.65,
      device: 'auto',
    }));
});

test('the editor offers every granularity of the engine, each with what it buys', () => {
  const shown = pinchPackage.contributes.configuration.properties['pinch.prune.granularity'];
  expect(shown.enum).toEqual([...granularities]);
  expect(shown.enumDescriptions).toHaveLength(granularities.length);
  for (const [at, name] of granularities.entries()) {
    expect(shown.enumDescriptions[at]!.startsWith(`${granularityTexts[name].label}: `), name).toBe(true);
  }
});

test('the editor knows the steps of texts', () => {
  const [, list] = pinchPackage.contributes.configuration.properties['pinch.prune.text'].anyOf;
  expect(list!.items?.anyOf[0]?.enum).toEqual(['auto', ...Object.keys(lackingSteps), ...Object.keys(plainSteps)]);
});

test('the editor offers the defaults of the engine', () => {
  const { properties } = pinchPackage.contributes.configuration;
  const shown: Record<string, { readonly default?: unknown }> = properties;
  const nowhere = { model: '-', train: '-' };
  for (const [name, settingsOf] of Object.entries(namedSettings)) {
    const value = shown[`pinch.prune.${name}`]?.default;
    expect(value, name).toBeDefined();
    expect(completeSettings(nowhere, settingsOf(value)), name).toEqual(completeSettings(nowhere));
  }
});

test.each([
  ['weight', 'How many gated weights to set to zero? A smaller compressed file, not a faster model'],
  ['neuron', 'How many gated weights to remove, in whole units and heads? A smaller and faster model in every runtime'],
] as const)('the question for the share says what %s buys', (granularity, question) => {
  expect(targetQuestion(granularity).pick).toBe(question);
  expect(targetQuestion(granularity).type).toContain(granularityTexts[granularity].buys);
});

describe('arguments of a call', () => {
  test('all of them', () => {
    const given = { ...choices, settings: { epochs: 1 }, start: true };
    expect(parsePruneArguments(given)).toEqual(given);
  });

  test.each([
    [{ model: 3 }, /"model" is wrong/u],
    [{ target: 1 }, /"target" is wrong/u],
    [{ granularity: 'head' }, /"granularity" is wrong/u],
    [{ device: 'tpu' }, /"device" is wrong/u],
    [{ model: '/w', start: 'yes' }, /"start" is wrong/u],
    [{ modle: '/w' }, /"modle" is wrong/u],
  ])('%j is refused', (given, message) => expect(() => parsePruneArguments(given)).toThrow(message));
});
