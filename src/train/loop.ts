/** The training loop, in the order it happens. */

import { count, counted, duration, percent } from '../base/format.ts';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { EndRecord } from '../protocol/records.ts';
import { errorRateName } from '../protocol/errorRate.ts';
import {
  checkpointName,
  listCheckpoints,
  reduceOldCheckpoints,
  removeOldCheckpoints,
  writeCheckpoint,
  type Progress,
} from '../runfolder/checkpoint.ts';
import { BatchFeed } from './data/data.ts';
import type { DevScore, DevSet } from './data/devSet.ts';
import type { LoopContext, LoopEnd } from './loopContext.ts';
import { LossWatch } from './lossWatch.ts';
import type { MaskFreezing } from './methods/method.ts';
import { removeDead, removeLongDead, type GroupRemoval } from './removal.ts';
import { learningRateFactor } from './schedule.ts';
import type { ModelInTraining } from './setup.ts';
import { findStartingPoint } from './startingPoint.ts';
import { update } from './update.ts';

/** Trains from `progress` on, in the opened state, to the end of the run, a request to stop, or trouble for the second time. */
export async function train(context: LoopContext, opened: ModelInTraining, progress: Progress): Promise<LoopEnd> {
  const loop = new Loop(context, opened, progress);
  try {
    return await loop.run();
  } finally {
    await loop.close();
  }
}

/** Milliseconds between two shares of something that is going on. */
const tellEvery = 500;

/** What ends an evaluation that somebody did not want to wait for. */
class BrokenOff extends Error {}

const nothingLearned = 'several steps in a row; look at the recordings and their texts, and at "freeze"';

class Loop {
  private readonly context: LoopContext;
  private readonly gated: boolean;
  private opened: ModelInTraining;
  private progress: Progress;
  private watch: LossWatch;
  private batches: BatchFeed;
  private sparsity: number;
  private evaluatedStep: number;
  /** Steps of this process. */
  private timed = 0;
  /** Whether a request to stop came during the last evaluation. */
  private brokenOff = false;

  constructor(context: LoopContext, opened: ModelInTraining, progress: Progress) {
    this.context = context;
    this.opened = opened;
    this.progress = progress;
    this.gated = context.setup.layers.length > 0;
    this.evaluatedStep = context.evaluatedStep;
    this.sparsity = context.sparsity;
    this.watch = this.watchFrom(progress);
    this.batches = this.batchesFrom(progress);
  }

  async run(): Promise<LoopEnd> {
    const { settings, setup, host, metrics, report, time } = this.context;
    const { steps, method } = setup;
    let checkpointStep = (await listCheckpoints(this.context.checkpoints)).includes(this.progress.step)
      ? this.progress.step
      : -1;

    // 0. An evaluation that a stop broke off comes first.
    if (this.evaluationIsMissing && (await this.evaluate(this.progress.step === steps))) {
      await this.during('writing a checkpoint', () => this.writeCheckpoint());
    }

    while (this.progress.step < steps && !host.stopRequested()) {
      const { step, epoch } = this.progress;

      // 1. From here on the masks are frozen, at the target: what was pruned stays pruned. The choice counts as this step's time.
      const began = performance.now();
      let rested = 0;
      const { freezing } = method;
      if (freezing && step >= freezing.from(steps) && this.opened.session.mode === 'learning') {
        await this.during('freezing the masks', () => this.freezeMasks(freezing));
        if (settings.shrink.share < 1) this.goOnWith(await removeDead(setup, this.opened), step + 1);
        rested = (performance.now() - began) / 1000;
      }

      // 2. What this step's number decides.
      const factor = learningRateFactor(settings.optimizer, step, steps) * this.progress.learningRateScale;
      const learningRate = setup.learningRate * factor;
      const target = method.target(step, steps);

      // 3. Forward, backward and update, on as many batches as make an update.
      const scalars = {
        step: step + 1,
        learningRate,
        gateLearningRate: (method.search ?? settings.gates).learningRate * factor,
        temperature: method.search?.temperature(step, steps) ?? 1,
        sparsityTarget: target,
        multiplier: this.progress.multiplier,
      };
      const { session } = this.opened;
      const { accumulate } = settings.batch;
      const { result, audioSeconds, shapes, features } = await update(
        session,
        this.batches,
        setup,
        accumulate,
        scalars,
      );
      const seconds = (performance.now() - began) / 1000;
      time.step({ shapes, mode: session.mode, seconds: seconds - rested, features });

      // 4. Trouble: back to the last good checkpoint at half the learning rate, once.
      const trouble = this.watch.observe(result);
      if (trouble) {
        const action = trouble.action ?? (this.progress.rolledBack ? 'stop' : 'rollback');
        metrics.append({ kind: 'alert', step: step + 1, ...trouble, action });
        report.say(`Step ${step + 1}: ${trouble.message}.`);
        if (trouble.action === 'stop') return this.end('failed', `${trouble.message}, ${nothingLearned}`);
        if (action === 'stop') {
          const message = `${trouble.message}, again after a rollback; try a lower optimizer.learningRate`;
          return this.end('failed', message);
        }
        if (action === 'rollback') {
          await this.rollBack();
          checkpointStep = this.progress.step;
          continue;
        }
      }
      this.sparsity = result.sparsity;

      // 5. The multiplier follows the gap between the target and the sparsity (gradient ascent).
      const learning = this.gated && this.opened.session.mode === 'learning';
      const gap = target - result.sparsity;
      this.progress = {
        ...this.progress,
        ...this.watch.state,
        ...this.batches.position,
        failures: this.batches.failures,
        step: step + 1,
        multiplier: this.progress.multiplier + (learning ? settings.sparsity.multiplierLearningRate * gap : 0),
      };

      // 6. Say so.
      const audioSecondsPerSecond = audioSeconds / seconds;
      const secondsLeft = time.left(step + 1, this.progress);
      metrics.append(
        {
          kind: 'step',
          step: step + 1,
          loss: result.loss,
          ctcLoss: result.ctcLoss,
          gradientNorm: result.gradientNorm,
          learningRate,
          sparsityTarget: target,
          sparsity: result.sparsity,
          secondsPerStep: seconds,
          audioSecondsPerSecond,
        },
        result.layers,
      );
      report.step({
        step: step + 1,
        steps,
        loss: result.ctcLoss,
        sparsity: result.sparsity,
        sparsityTarget: target,
        gated: this.gated,
        audioSecondsPerSecond,
        secondsLeft,
      });
      this.correctGuess(secondsLeft);

      // 7. Groups that have been dead for long leave the model; all that are dead do at the end.
      const last = step + 1 === steps;
      this.goOnWith(
        last ? await removeDead(setup, this.opened) : await removeLongDead(setup, this.opened, settings),
        step + 1,
      );

      // 8. Evaluate after every so many epochs, and at the end.
      const due = settings.evaluate.everyEpochs;
      const epochsDone = due > 0 && Math.floor(this.progress.epoch / due) > Math.floor(epoch / due);
      const better = (last || epochsDone) && due > 0 && (await this.evaluate(last));

      // 9. Write a checkpoint now and then, for the best, on request, and at the end.
      const asked = host.takeCheckpointRequest();
      const periodic = (step + 1) % settings.checkpoint.everySteps === 0;
      if (asked || periodic || better || last) {
        await this.during('writing a checkpoint', () => this.writeCheckpoint());
        checkpointStep = step + 1;
      }

      // 10. Signals and messages come in here; onnxruntime blocks this thread during a step.
      await setImmediate();
      await host.beat(step + 1);
    }

    if (this.progress.step > 0 && checkpointStep !== this.progress.step) {
      await this.during('writing a checkpoint', () => this.writeCheckpoint());
    }
    const unfinished = this.progress.step < steps || this.brokenOff;
    return this.end(unfinished ? 'stopped' : 'done', null);
  }

  async close(): Promise<void> {
    await this.opened.session.dispose();
  }

  /** Passes over the data so far, with parts. */
  private get epochs(): number {
    return this.progress.epoch + this.progress.batch / this.context.setup.data.plan.batchesPerEpoch;
  }

  /** Whether the step that training goes on from was to be evaluated, and was not. */
  private get evaluationIsMissing(): boolean {
    const { settings, setup, dev } = this.context;
    const { step, epoch, batch } = this.progress;
    const { everyEpochs } = settings.evaluate;
    if (!dev || everyEpochs === 0 || step === 0 || this.evaluatedStep >= step) return false;
    const { batchesPerEpoch } = setup.data.plan;
    const before = Math.floor((epoch * batchesPerEpoch + batch - settings.batch.accumulate) / batchesPerEpoch);
    return step === setup.steps || Math.floor(epoch / everyEpochs) > Math.floor(before / everyEpochs);
  }

  /** What takes more than a step may, under a name that readers of the run see meanwhile. */
  private async during<T>(label: string, work: (tell: (share: number) => Promise<void>) => Promise<T>): Promise<T> {
    const { host } = this.context;
    await host.phase(label);
    let told = performance.now();
    const result = await work(async (share) => {
      if (performance.now() - told < tellEvery) return;
      told = performance.now();
      await host.phase(label, share);
    });
    await host.phase(null);
    return result;
  }

  /** Once, when ten steps have been timed, if the first guess was far out. */
  private correctGuess(left: number | undefined): void {
    const { time, report } = this.context;
    this.timed += 1;
    if (this.timed !== 10 || left === undefined) return;
    const { steps } = this.context.setup;
    const guessed = time.firstGuess * (1 - this.progress.step / steps);
    if (Math.abs(left - guessed) < 0.2 * guessed) return;
    report.say(
      `After ten steps: ${duration(left)} to go; the first guess of the whole was ${duration(time.firstGuess)}.`,
    );
  }

  private async freezeMasks({ freeze, sentence }: MaskFreezing): Promise<void> {
    const { report } = this.context;
    this.opened.session.changeState(freeze(this.opened.layout, await this.opened.session.readState()));
    this.opened.session.freezeMasks();
    this.progress = { ...this.progress, gates: 'fixed' };
    report.say(sentence);
  }

  /** @param step that the line in metrics.jsonl gives. */
  private goOnWith(removal: GroupRemoval | undefined, step: number): void {
    if (!removal) return;
    const { setup, metrics, report } = this.context;
    const { opened, counts } = removal;
    this.opened = opened;
    metrics.append({ kind: 'shrink', step, ...counts });
    const all = setup.rows.reduce((sum, row) => sum + row.parameters, 0);
    report.say(
      `Step ${step}: ${counted(counts.groups, 'dead unit or head has', 'dead units and heads have')} left the model, which now has ${count(counts.parameters)} of ${count(all)} parameters.`,
    );
  }

  private async rollBack(): Promise<void> {
    const { settings, setup, checkpoints, metrics, report } = this.context;
    const { progress: before, state } = await findStartingPoint(checkpoints, settings, setup.method);
    this.progress = { ...before, learningRateScale: before.learningRateScale / 2, rolledBack: true };
    await this.opened.session.dispose();
    this.opened = setup.open(this.progress.gates, state);
    this.watch = this.watchFrom(this.progress);
    this.batches = this.batchesFrom(this.progress);
    const { step, learningRateScale } = this.progress;
    this.evaluatedStep = Math.min(this.evaluatedStep, step);
    metrics.append({ kind: 'rewind', step, cause: 'rollback', learningRateScale });
    report.say(`Back to ${state ? checkpointName(step) : 'the start'}, at half the learning rate.`);
  }

  /** @returns whether this is the best so far at the final sparsity, and so worth a checkpoint. */
  private async evaluate(last: boolean): Promise<boolean> {
    const { dev, host, metrics, report, time } = this.context;
    const { step } = this.progress;
    if (!dev || this.evaluatedStep === step) return false;
    const began = performance.now();
    const score = await this.during('evaluating', (tell) => this.score(dev, tell)).catch((error: unknown) => {
      if (error instanceof BrokenOff) return undefined;
      throw error;
    });
    this.brokenOff = score === undefined;
    if (!score) {
      await host.phase(null);
      report.say(`Step ${step}: the evaluation was broken off; the run begins with it when it goes on.`);
      return false;
    }
    time.evaluation((performance.now() - began) / 1000);
    this.evaluatedStep = step;
    const { warning, ...rates } = score;
    metrics.append({ kind: 'evaluation', step, epoch: this.epochs, ...rates, sparsity: this.sparsity });
    report.say(`Step ${step}: ${errorRateName(score.unit)} ${percent(score.wer, 2)} on the development set.`);
    // A new head learns to write only during the run.
    if (warning !== undefined && !this.context.setup.newHead) report.say(`Warning: ${warning}`);
    const final = !this.gated || this.opened.session.mode === 'fixed' || last;
    if (!final || score.wer >= (this.progress.best?.wer ?? Infinity)) return false;
    this.progress = {
      ...this.progress,
      best: { step, wer: score.wer, path: `checkpoints/${checkpointName(step)}` },
    };
    return true;
  }

  /** @throws BrokenOff */
  private async score(dev: DevSet, tell: (share: number) => Promise<void>): Promise<DevScore> {
    const { setup, checkpoints, host } = this.context;
    const { session, layout } = this.opened;
    const goOn = async (share: number): Promise<void> => {
      // Requests to stop come in here; onnxruntime blocks this thread during an utterance or a window.
      await setImmediate();
      if (host.stopRequested()) throw new BrokenOff();
      await tell(share);
    };
    await goOn(0);
    return dev.score(setup, layout, await session.readState(), session.mode, checkpoints, goOn);
  }

  private async writeCheckpoint(): Promise<void> {
    const { settings, checkpoints, metrics, report, time } = this.context;
    const { step, best } = this.progress;
    const began = performance.now();
    // A checkpoint must never know of steps that metrics.jsonl does not.
    metrics.sync();
    const state = await this.opened.session.readState();
    const counts = await writeCheckpoint(checkpoints, this.opened.layout, state, this.progress);
    const path = `checkpoints/${checkpointName(step)}`;
    metrics.append({ kind: 'checkpoint', step, path, ...counts });
    report.note(
      `Checkpoint ${path}: ${percent(counts.sparsity, 2)} of the gated weights are zero, ${percent(counts.sparsityOfAll, 2)} of all.`,
    );
    this.sparsity = counts.sparsity;
    await removeOldCheckpoints(checkpoints, settings.checkpoint.keep, best ? [best.step] : []);
    if (settings.checkpoint.keepOptimizerState === 'newest') await reduceOldCheckpoints(checkpoints);
    time.checkpoint((performance.now() - began) / 1000);
  }

  private async end(status: EndRecord['status'], message: string | null): Promise<LoopEnd> {
    const newest = (await listCheckpoints(this.context.checkpoints)).at(-1);
    const checkpoint = newest === undefined ? null : `checkpoints/${checkpointName(newest)}`;
    return { status, message, checkpoint, sparsity: this.sparsity, best: this.progress.best };
  }

  private batchesFrom(progress: Progress): BatchFeed {
    const { setup, report } = this.context;
    return new BatchFeed(setup.data, progress, (text) => report.say(text), setup.features);
  }

  private watchFrom(progress: Progress): LossWatch {
    return new LossWatch(this.context.setup.processor.vocabulary.size, progress);
  }
}
