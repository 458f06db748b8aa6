/** Following a run: what is there at first, what is added, rewinds, and files that are torn, replaced, hostile or not there. */

import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { effectiveRecords, type MetricsRecord, type RunState, type StepRecord } from '../../src/protocol/records.ts';
import { appendPoint, newSeries, type StepPoint } from '../../src/protocol/series.ts';
import { followRun, type RunChange, type RunFollower } from '../../src/runs/followRun.ts';
import { Random } from '../../src/base/random.ts';
import { MetricsFile } from '../../src/runfolder/metricsFile.ts';
import { runPaths } from '../../src/runs/paths.ts';
import {
  alert,
  append,
  checkpoint,
  end,
  evaluation,
  layerNames,
  layersAt,
  lines,
  point,
  points,
  rewind,
  rows,
  runFile,
  runFolder,
  runState,
  start,
  step,
  steps,
  temporaryFolder,
  withLayers,
  type Form,
} from './records.ts';

const followers: RunFollower[] = [];
afterEach(() => {
  for (const follower of followers.splice(0)) follower.close();
});

interface Followed {
  readonly follower: RunFollower;
  readonly folder: string;
  readonly metrics: string;
  /** Adds to the metrics as a trainer does. */
  readonly add: (records: readonly MetricsRecord[]) => void;
  /** What was told since the last call; looks at the files first. */
  readonly told: () => Promise<RunChange[]>;
}

/** Follows without looking by itself, so that nothing depends on time. */
async function follow(folder: string, form?: Form): Promise<Followed> {
  const changes: RunChange[] = [];
  const follower = await followRun(folder, { onChange: (change) => changes.push(change), pollMs: 1e9 });
  followers.push(follower);
  const told = async (): Promise<RunChange[]> => {
    await follower.refresh();
    return changes.splice(0);
  };
  const add = (records: readonly MetricsRecord[]): void => append(folder, records, form);
  return { follower, folder, metrics: join(folder, 'metrics.jsonl'), add, told };
}

const stepsOf = ({ series }: RunFollower): number[] => Array.from(series.steps.slice(0, series.count));
const lossesOf = ({ series }: RunFollower): number[] => Array.from(series.loss.slice(0, series.count));
const kinds = (changes: readonly RunChange[]): string[] => changes.map(({ kind }) => kind);
/** The steps that stay of so many, which a series knows that they were appended to one by one. */
function keptOf(total: number): number[] {
  const series = newSeries([]);
  for (let at = 1; at <= total; at++) appendPoint(series, { ...point(at), ...layersAt(at, 1, 0) });
  return Array.from(series.steps.slice(0, series.count));
}
const numbers = (from: number, to: number): number[] => steps(from, to).map((record) => record.step);

describe.each(['layers.f32', 'lines'] as const)('a run with its layers in %s', (form) => {
  const make = (records?: readonly MetricsRecord[], state?: RunState): string =>
    runFolder(records, state, undefined, form);
  const open = (folder: string): Promise<Followed> => follow(folder, form);

  describe('opening', () => {
    test('gives everything that is there', async () => {
      const records = [start(), ...steps(1, 5), evaluation(5), checkpoint(5), alert(5), ...steps(6, 9), end(9)];
      const folder = make(records, runState({ status: 'done' }));
      mkdirSync(join(folder, 'checkpoints', 'step-000005'), { recursive: true });
      const { follower } = await open(folder);
      expect(follower.snapshot).toMatchObject({
        ...{ run: runFile, liveness: 'ended', attempt: 1, skippedLines: 0 },
        ...{ start: start(), lastStep: point(9), end: end(9) },
        ...{ evaluations: [evaluation(5)], checkpoints: [checkpoint(5)], alerts: [alert(5)] },
      });
      expect(stepsOf(follower)).toEqual(numbers(1, 9));
      expect(follower.series.layers).toEqual(layerNames);
      expect(follower.series.thresholds.slice(0, 4)).toEqual(Float32Array.of(1, 1.25, 2, 2.25));
    });

    test('leaves out checkpoints that are no longer on the disk', async () => {
      const folder = make([start(), ...steps(1, 4), checkpoint(2), checkpoint(4)]);
      mkdirSync(join(folder, 'checkpoints', 'step-000004'), { recursive: true });
      const { follower, told } = await open(folder);
      expect(follower.snapshot.checkpoints).toEqual([checkpoint(4)]);
      rmSync(join(folder, 'checkpoints', 'step-000004'), { recursive: true });
      expect(kinds(await told())).toEqual(['snapshot']);
      expect(follower.snapshot.checkpoints).toEqual([]);
    });

    test('a run that only begins has no state and no metrics', async () => {
      const { follower, folder, add, told } = await open(make());
      expect(follower.snapshot).toMatchObject({ state: undefined, start: undefined, lastStep: undefined });
      expect(follower.series.count).toBe(0);
      writeFileSync(join(folder, 'state.json'), JSON.stringify(runState({ status: 'starting' })));
      expect(kinds(await told())).toEqual(['snapshot']);
      expect(follower.snapshot).toMatchObject({ liveness: 'live', state: { status: 'starting' } });
      add([start()]);
      expect(kinds(await told())).toEqual(['reset', 'snapshot']);
      expect(follower.series.layers).toEqual(layerNames);
      add([step(1)]);
      expect(await told()).toEqual([{ kind: 'points', points: [point(1)] }]);
    });

    test('a run that was copied from another machine in mid-run is lost, not live', async () => {
      const heartbeat = new Date(Date.now() - 3e6).toISOString();
      const { follower } = await open(make([start(), step(1)], runState({ host: 'elsewhere', heartbeat })));
      expect(follower.snapshot).toMatchObject({ liveness: 'lost', lastStep: point(1) });
    });

    test('a folder that is no run’s is refused', async () => {
      await expect(followRun(temporaryFolder(), { onChange: () => undefined })).rejects.toThrow(/not a run folder/u);
    });

    test('a long run is thinned, and every step can still be had', async () => {
      const { follower, told } = await open(make([start(), ...steps(1, 40_000)]));
      expect(kinds(await told())).toEqual(['reset', 'snapshot']);
      expect(statSync(join(follower.folder, 'metrics.jsonl')).size).toBeGreaterThan(8 << 20);
      expect(stepsOf(follower)).toEqual(keptOf(40_000));
      expect(lossesOf(follower)).toEqual(stepsOf(follower).map((at) => step(at).loss));
      expectLayers(
        follower,
        keptOf(40_000).map((at) => step(at)),
      );
      expect(follower.snapshot.lastStep).toEqual(point(40_000));
      for (const at of [1, 2, 31_415, 39_999, 40_000]) expect(await follower.recordAt(at)).toEqual(point(at));
      for (const at of [0, 1.5, 40_001, -1]) expect(await follower.recordAt(at)).toBeUndefined();
    });
  });

  describe('a long run, before it is read', () => {
    test('has its start and its newest step; any step can be asked for', async () => {
      const records = [start(), ...steps(1, 40_000), evaluation(40_000), checkpoint(40_000), end(40_000)];
      const { follower, told } = await open(make(records));
      expect(follower.snapshot).toMatchObject({ start: start(), lastStep: point(40_000), evaluations: [] });
      const shown = stepsOf(follower);
      // A first picture, where rows and lines go together.
      if (form === 'lines') expect(shown).toHaveLength(1);
      else expect(shown.length).toBeGreaterThan(100);
      expect(shown.at(-1)).toBe(40_000);
      expectLayers(
        follower,
        shown.map((at) => step(at)),
      );
      expect(await follower.recordAt(31_415)).toEqual(point(31_415));
      await told();
      expect(follower.snapshot).toMatchObject({ evaluations: [evaluation(40_000)], end: end(40_000), skippedLines: 0 });
    });

    test('has the newest step of the last attempt', async () => {
      const records = [start(), ...steps(1, 30_000), rewind(10_000), ...steps(10_001, 25_000, 2)];
      const { follower, told } = await open(make(records));
      expect(follower.snapshot.lastStep).toEqual(point(25_000, 2));
      await told();
      expect(follower.snapshot.lastStep).toEqual(point(25_000, 2));
    });
  });

  describe('what is added', () => {
    test('comes as points, in order and once', async () => {
      const { follower, add, told } = await open(make([start(), ...steps(1, 3)]));
      expect(await told()).toEqual([]);
      add(steps(4, 6));
      expect(await told()).toEqual([{ kind: 'points', points: points(4, 6) }]);
      expect(await told()).toEqual([]);
      expect(stepsOf(follower)).toEqual(numbers(1, 6));
      expect(follower.snapshot.lastStep).toEqual(point(6));
      expect(await follower.recordAt(5)).toEqual(point(5));
    });

    test('other records come as a snapshot', async () => {
      const { follower, folder, add, told } = await open(make([start(), step(1)]));
      mkdirSync(join(folder, 'checkpoints', 'step-000002'), { recursive: true });
      add([step(2), evaluation(2), checkpoint(2)]);
      expect(kinds(await told())).toEqual(['points', 'snapshot']);
      expect(follower.snapshot).toMatchObject({ evaluations: [evaluation(2)], checkpoints: [checkpoint(2)] });
    });

    test('very much at once is a reset, and thinned like the rest', async () => {
      const { follower, add, told } = await open(make([start(), ...steps(1, 10)]));
      add(steps(11, 30_000));
      expect(kinds(await told())).toEqual(['reset']);
      expect(stepsOf(follower)).toEqual(keptOf(30_000));
    });

    test('the state comes as a snapshot', async () => {
      const { follower, folder, told } = await open(make([start()], runState()));
      writeFileSync(join(folder, 'state.json'), JSON.stringify(runState({ status: 'stopped' })));
      expect(kinds(await told())).toEqual(['snapshot']);
      expect(follower.snapshot).toMatchObject({ liveness: 'ended', state: { status: 'stopped' } });
    });

    test('it looks by itself, soon after, until it is closed', async () => {
      const folder = make([start(), step(1)]);
      const arrived: { point: StepPoint; after: number }[] = [];
      let written = 0;
      const follower = await followRun(folder, {
        pollMs: 60,
        onChange: (change) => {
          if (change.kind !== 'points') return;
          for (const point of change.points) arrived.push({ point, after: performance.now() - written });
        },
      });
      followers.push(follower);
      for (let at = 2; at <= 11; at++) {
        await sleep((at * 17) % 50);
        written = performance.now();
        append(folder, [step(at)], form);
        while (arrived.length < at - 1) await sleep(5);
      }
      expect(arrived.map(({ point }) => point)).toEqual(points(2, 11));
      // Always is 60 ms and a little; half of the time, because the machine has other things to do.
      const after = arrived.map((one) => one.after).toSorted((a, b) => a - b);
      expect(after[4]).toBeLessThan(80);
      follower.close();
      append(folder, [step(12)], form);
      await sleep(150);
      expect(arrived).toHaveLength(10);
    });
  });

  describe('rewinds', () => {
    const before = [start(), ...steps(1, 10), evaluation(5), checkpoint(5), alert(9), evaluation(10), end(10)];

    test('take back what came later, in what is there', async () => {
      const { follower } = await open(make([...before, rewind(5), ...steps(6, 7, 2)]));
      expect(stepsOf(follower)).toEqual(numbers(1, 7));
      expect(lossesOf(follower)).toEqual([...steps(1, 5), ...steps(6, 7, 2)].map(({ loss }) => loss));
      expect(follower.snapshot).toMatchObject({ attempt: 2, evaluations: [evaluation(5)], end: undefined });
      expect(follower.snapshot.alerts).toEqual([alert(9)]);
      expect(await follower.recordAt(6)).toEqual(point(6, 2));
      expect(await follower.recordAt(8)).toBeUndefined();
    });

    test('and while it is followed', async () => {
      const { follower, add, told } = await open(make(before));
      add([rewind(5)]);
      expect(kinds(await told())).toEqual(['reset', 'snapshot']);
      expect(stepsOf(follower)).toEqual(numbers(1, 5));
      expect(follower.snapshot.lastStep).toEqual(point(5));
      add(steps(6, 7, 2));
      expect(await told()).toEqual([{ kind: 'points', points: points(6, 7, 2) }]);
      expect(stepsOf(follower)).toEqual(numbers(1, 7));
    });

    test('to the very beginning leave only the start', async () => {
      const { follower, add, told } = await open(make(before));
      add([rewind(0)]);
      await told();
      expect(stepsOf(follower)).toEqual([]);
      expect(follower.snapshot).toMatchObject({ start: start(), lastStep: undefined, evaluations: [] });
      expect(follower.series.layers).toEqual(layerNames);
    });

    test('with steps before and after in one look, nothing is doubled or lost', async () => {
      const { follower, add, told } = await open(make([start(), ...steps(1, 4)]));
      add([...steps(5, 8), rewind(6), ...steps(7, 9, 2), rewind(3, 3), ...steps(4, 5, 3)]);
      expect(kinds(await told())).toEqual(['reset', 'snapshot']);
      expect(stepsOf(follower)).toEqual(numbers(1, 5));
      expect(lossesOf(follower)).toEqual([...steps(1, 3), ...steps(4, 5, 3)].map(({ loss }) => loss));
    });

    test('whatever happens in a run, in whatever pieces it is read, its effective records are what counts', async () => {
      for (let seed = 1; seed <= 25; seed++) {
        const random = Random.seeded(seed);
        const { follower, add, told } = await open(make([]));
        const records: MetricsRecord[] = [];
        let [at, attempt] = [0, 1];
        const push = (record: MetricsRecord): void => void records.push(record);
        for (let look = 0; look < 12; look++) {
          const first = records.length;
          for (let line = random.below(12); line > 0; line--) {
            const what = random.below(12);
            if (records.length === 0) push(start());
            else if (what < 8) push(step(++at, attempt));
            else if (what === 8) push(evaluation(at, attempt));
            else if (what === 9) push(alert(at, attempt));
            else if (what === 10) push(end(at, attempt));
            else push(rewind((at = random.below(at + 1)), ++attempt));
          }
          add(records.slice(first));
          await told();
          const effective = effectiveRecords(records);
          const of = (kind: MetricsRecord['kind']): MetricsRecord[] =>
            effective.filter((record) => record.kind === kind);
          const expected = of('step') as StepRecord[];
          expect(stepsOf(follower)).toEqual(expected.map((record) => record.step));
          expect(lossesOf(follower)).toEqual(expected.map(({ loss }) => loss));
          const last = expected.at(-1);
          expect(follower.snapshot.lastStep).toEqual(last && point(last.step, last.attempt));
          expectLayers(follower, expected);
          expect(follower.snapshot.evaluations).toEqual(of('evaluation'));
          expect(follower.snapshot.end).toEqual(of('end').at(-1));
          for (const record of expected)
            expect(await follower.recordAt(record.step)).toEqual(point(record.step, record.attempt));
        }
      }
    });
  });
});

describe('a file that is not only added to', () => {
  test('a line that is being written waits for its end', async () => {
    const { metrics, told } = await follow(runFolder([start(), step(1)]));
    const line = lines([step(2)]);
    appendFileSync(layersOf(metrics), rows([step(2)]));
    appendFileSync(metrics, line.slice(0, 50));
    expect(await told()).toEqual([]);
    appendFileSync(metrics, line.slice(50, -1));
    expect(await told()).toEqual([]);
    appendFileSync(metrics, '\n');
    expect(await told()).toEqual([{ kind: 'points', points: [point(2)] }]);
  });

  test('the repair of a torn line by the trainer that goes on is none of the reader’s business', async () => {
    const { follower, metrics, told } = await follow(runFolder([start(), ...steps(1, 3)]));
    appendFileSync(metrics, lines([step(4)]).slice(0, 40));
    expect(await told()).toEqual([]);
    const file = await MetricsFile.open(runPaths(dirname(metrics)));
    expect(await told()).toEqual([]);
    file.append(rewind(2));
    file.append(step(3, 2), layersAt(3, 2));
    file.close();
    expect(kinds(await told())).toEqual(['reset', 'snapshot']);
    expect(lossesOf(follower)).toEqual([...steps(1, 2), step(3, 2)].map(({ loss }) => loss));
    expect(follower.snapshot.skippedLines).toBe(0);
  });

  test('a repair that leaves the file as long as it was is seen', async () => {
    const { metrics, add, told } = await follow(runFolder([start(), step(1)]));
    const whole = statSync(metrics).size;
    appendFileSync(metrics, 'x'.repeat(lines([step(2)]).length));
    expect(await told()).toEqual([]);
    truncateSync(metrics, whole);
    add([step(2)]);
    // As if a clock tick had passed, which not every file system needs longer than this for.
    utimesSync(metrics, new Date(), new Date(Date.now() + 1000));
    expect(await told()).toEqual([{ kind: 'points', points: [point(2)] }]);
  });

  test.each([
    ['a shorter one', [start(), ...steps(1, 2, 7)]],
    ['a longer one', [start(), ...steps(1, 20, 7)]],
  ])('one that is replaced by %s is read anew', async (_, records) => {
    const { follower, metrics, told } = await follow(runFolder([start(), ...steps(1, 5), evaluation(5)]));
    writeFileSync(`${metrics}.new`, lines(records));
    writeFileSync(layersOf(metrics), rows(records));
    renameSync(`${metrics}.new`, metrics);
    expect(kinds(await told())).toEqual(['reset', 'snapshot']);
    expect(lossesOf(follower)).toEqual(records.slice(1).map((record) => (record as StepRecord).loss));
    expect(follower.snapshot.evaluations).toEqual([]);
  });

  test('a copy that is brought up to date by replacing it goes on without a reset', async () => {
    const { metrics, told } = await follow(runFolder([start(), ...steps(1, 5)]));
    copyFileSync(metrics, `${metrics}.new`);
    appendFileSync(layersOf(metrics), rows([step(6)]));
    appendFileSync(`${metrics}.new`, lines([step(6)]));
    renameSync(`${metrics}.new`, metrics);
    expect(await told()).toEqual([{ kind: 'points', points: [point(6)] }]);
  });

  test('a run made again in the same folder has its own settings', async () => {
    const { follower, folder, told } = await follow(runFolder([start(), ...steps(1, 4)]));
    rmSync(folder, { recursive: true });
    runFolder([start(), ...steps(1, 2)], undefined, folder);
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...runFile, settings: { ...runFile.settings, seed: 7 } }));
    expect(kinds(await told())).toContain('snapshot');
    expect(follower.snapshot.run.settings).toMatchObject({ seed: 7 });
  });

  test('one that is gone leaves nothing, and may come back', async () => {
    const { follower, metrics, told } = await follow(runFolder([start(), ...steps(1, 5)]));
    rmSync(metrics);
    expect(kinds(await told())).toEqual(['reset', 'snapshot']);
    expect(stepsOf(follower)).toEqual([]);
    expect(await follower.recordAt(3)).toBeUndefined();
    writeFileSync(metrics, lines([start(), step(1)]));
    await told();
    expect(stepsOf(follower)).toEqual([1]);
  });
});

describe('rows and lines', () => {
  test('a line whose row is not there yet waits for it, at every byte of the row', async () => {
    const { follower, folder, metrics, told } = await follow(runFolder([start(), step(1)]));
    const row = rows([step(2)]);
    appendFileSync(metrics, lines([step(2), evaluation(2)]));
    for (const byte of row) {
      expect(await told()).toEqual([]);
      appendFileSync(join(folder, 'layers.f32'), Buffer.of(byte));
    }
    expect(await told()).toEqual([{ kind: 'points', points: [point(2)] }, { kind: 'snapshot' }]);
    expect(follower.snapshot.evaluations).toEqual([evaluation(2)]);
  });

  test('a line whose row never comes is shown without it', async () => {
    const { follower, metrics, told } = await follow(runFolder([start(), step(1)]));
    appendFileSync(metrics, lines([step(2)]));
    expect(await told()).toEqual([]);
    await sleep(5100);
    const [change] = await told();
    expect(change).toMatchObject({ kind: 'points', points: [{ step: 2, loss: step(2).loss }] });
    expect(follower.snapshot.lastStep?.sparsities).toEqual(Float32Array.of(NaN, NaN));
    appendFileSync(metrics, lines([step(3)]));
    expect(kinds(await told())).toEqual(['points']);
  }, 10_000);

  test('a row without its line, which a crash leaves, is nobody’s', async () => {
    const { follower, folder, told } = await follow(runFolder([start(), step(1)]));
    appendFileSync(join(folder, 'layers.f32'), rows([step(2)]));
    expect(await told()).toEqual([]);
    expect(stepsOf(follower)).toEqual([1]);
  });

  test('steps that do not count have rows, too', async () => {
    const { follower } = await follow(runFolder([start(), step(1), step(3), step(2), step(4)]));
    expect(stepsOf(follower)).toEqual([1, 3, 4]);
    expectLayers(follower, [step(1), step(3), step(4)]);
  });

  test('a run of the earlier form that goes on has both, each step its own', async () => {
    const folder = runFolder([start(), ...steps(1, 3)], undefined, undefined, 'lines');
    const { follower, told } = await follow(folder, 'lines');
    const file = await MetricsFile.open(runPaths(folder));
    file.append(rewind(2));
    file.append(step(3, 2), layersAt(3, 2));
    file.close();
    await told();
    expectLayers(follower, [step(1), step(2), step(3, 2)]);
    expect(await follower.recordAt(3)).toEqual(point(3, 2));
    expect(await follower.recordAt(2)).toEqual(point(2));
  });

  test('layers in lines are found by name, and are NaN where the line has none', async () => {
    const folder = runFolder([start()]);
    const turned = withLayers(step(1));
    const other = withLayers(step(2), ['x', layerNames[1]!]);
    const none = { ...step(3), layers: [{ name: layerNames[0]!, threshold: null, sparsity: 0.5 }] };
    const strange = { ...step(4), layers: ['x'] };
    appendFileSync(
      join(folder, 'metrics.jsonl'),
      lines([{ ...turned, layers: turned.layers?.toReversed() }, other, none, strange]),
    );
    const { follower } = await follow(folder);
    expect(await follower.recordAt(1)).toEqual(point(1));
    expect((await follower.recordAt(2))?.thresholds).toEqual(Float32Array.of(NaN, 2.25));
    expect(await follower.recordAt(3)).toMatchObject({
      thresholds: Float32Array.of(NaN, NaN),
      sparsities: Float32Array.of(0.5, NaN),
    });
    expect((await follower.recordAt(4))?.sparsities).toEqual(Float32Array.of(NaN, NaN));
  });
});

describe('hostile files', () => {
  test('a long file that holds something else has no steps', async () => {
    const folder = runFolder();
    const nothing = ['x\n'.repeat(5 << 20), 'x'.repeat(10 << 20), `${lines([start()])}${'\u0000'.repeat(9 << 20)}\n`];
    for (const text of nothing) {
      writeFileSync(join(folder, 'metrics.jsonl'), text);
      const { follower } = await follow(folder);
      expect(follower.series.count).toBe(0);
      expect(follower.snapshot.lastStep).toBeUndefined();
      follower.close();
    }
  });

  test('lines that are no records are skipped and counted', async () => {
    const bad = ['{"kind":"step","attempt":1,"step":2}', 'no JSON', '{"kind":"other"}', '[]', '\u0000\u0001', '{}'];
    const folder = runFolder();
    const metrics = join(folder, 'metrics.jsonl');
    writeFileSync(metrics, `${lines([start(), step(1)])}${bad.join('\n')}\n\n${lines([step(3)])}`);
    writeFileSync(join(folder, 'layers.f32'), rows([step(1), step(3)]));
    const { follower } = await follow(folder);
    expect(stepsOf(follower)).toEqual([1, 3]);
    expectLayers(follower, [step(1), step(3)]);
    expect(follower.snapshot.skippedLines).toBe(bad.length);
  });

  test('steps out of order without a rewind do not count', async () => {
    const { follower } = await follow(runFolder([start(), step(1), step(3), step(2), step(3, 2), step(4)]));
    expect(stepsOf(follower)).toEqual([1, 3, 4]);
    expect(lossesOf(follower)).toEqual([step(1), step(3), step(4)].map(({ loss }) => loss));
    expect(follower.snapshot.skippedLines).toBe(2);
  });

  test('keys in any order are read, in short files and long ones', async () => {
    const turned = (record: MetricsRecord): string =>
      `${JSON.stringify(Object.fromEntries(Object.entries(record).reverse()))}\n`;
    const folder = runFolder();
    for (const count of [50, 35_000]) {
      const text = [start(), ...steps(1, count), evaluation(count)].map(turned).join('');
      writeFileSync(join(folder, 'metrics.jsonl'), text);
      writeFileSync(join(folder, 'layers.f32'), rows(steps(1, count)));
      const { follower, told } = await follow(folder);
      await told();
      expect(stepsOf(follower)).toEqual(keptOf(count));
      expect(follower.snapshot.evaluations).toEqual([evaluation(count)]);
      expect(await follower.recordAt(count - 1)).toEqual(point(count - 1));
    }
  });

  test('checkpoints that lead out of the run do not count', async () => {
    const folder = runFolder();
    const away = lines([checkpoint(2)]).replace('checkpoints/step-000002', '../../step-000002');
    writeFileSync(join(folder, 'metrics.jsonl'), `${lines([start(), step(1)])}${away}`);
    writeFileSync(join(folder, 'layers.f32'), rows([step(1)]));
    const { follower } = await follow(folder);
    expect(follower.snapshot).toMatchObject({ checkpoints: [], skippedLines: 1 });
  });

  test('a folder in the place of metrics.jsonl, and a state that is none, leave a run without either', async () => {
    const folder = runFolder();
    mkdirSync(join(folder, 'metrics.jsonl'));
    writeFileSync(join(folder, 'state.json'), 'x');
    const { follower } = await follow(folder);
    expect(follower.snapshot).toMatchObject({ state: undefined, lastStep: undefined });
  });
});

const layersOf = (metrics: string): string => join(dirname(metrics), 'layers.f32');

/** Every row of the series has the numbers of its own step and attempt. */
function expectLayers({ series }: RunFollower, expected: readonly StepRecord[]): void {
  const all = expected.map(({ step, attempt }) => layersAt(step, attempt));
  const filled = series.count * series.layers.length;
  expect(Array.from(series.thresholds.slice(0, filled))).toEqual(all.flatMap(({ thresholds }) => [...thresholds]));
  expect(Array.from(series.sparsities.slice(0, filled))).toEqual(all.flatMap(({ sparsities }) => [...sparsities]));
}
