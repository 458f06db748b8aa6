/** The training loop, in the order it happens. */

import { count, counted, duration, percent } from '../base/format.ts';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { EndRecord } from '../protocol/records.ts';
import type { Batch } from '../speech/batches/batchStream.ts';
import { BatchFeed } from './data/batchFeed.ts';
import {
  checkpointName,
  listCheckpoints,
  readCheckpoint,
  reduceOldCheckpoints,
  removeOldCheckpoints,
  writeCheckpoint,
  type Progress,
} from '../runfolder/checkpoint.ts';
import { secondsOf, trainingBatch } from './data/data.ts';
import { freshProgress, type LoopContext, type LoopEnd } from './loopContext.ts';
import { LossWatch } from './lossWatch.ts';
import type { Resting } from './methods/method.ts';
import { removeDead, removeLongDead, type Removal } from './removal.ts';
import { learningRateFactor } from './schedule.ts';
import type { BatchShape } from '../step/trainingGraph.ts';
import type { Opened } from './setup.ts';
import type { StepScalars } from '../step/stepFeeds.ts';
import type { StepResult } from '../step/stepResult.ts';

/** Trains from `progress` on, in the opened state, to the end of the run, a request to stop, or trouble for the second time. */
export async function train(context: LoopContext, opened: Opened, progress: Progress): Promise<LoopEnd> {
  const loop = new Loop(context, opened, progress);
  try {
    return await loop.run();
  } finally {
    await loop.close();
  }
}

const nothingLearned = 'several steps in a row; look at the recordings and their texts, and at "freeze"';

class Loop {
  private readonly context: LoopContext;
  private readonly gated: boolean;
  private opened: Opened;
  private progress: Progress;
  private watch: LossWatch;
  private batches: BatchFeed;
  private sparsity: number;
  private evaluatedStep: number;
  /** Steps of this process. */
  private timed = 0;

  constructor(context: LoopContext, opened: Opened, progress: Progress) {
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

    while (this.progress.step < steps && !host.stopRequested()) {
      const { step, epoch } = this.progress;

      // 1. From here on masks rest, at the target, and what was pruned stays pruned. The choice counts as this step's time.
      const began = performance.now();
      const { resting } = method;
      if (resting && step >= resting.from(steps) && this.opened.trainable.mode === 'learning') {
        await this.during('bringing the masks to rest', () => this.restGates(resting));
        if (settings.shrink.share < 1) this.goOnWith(await removeDead(setup, this.opened), step + 1);
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
      const { result, audioSeconds, shapes } = await this.update(scalars);
      const seconds = (performance.now() - began) / 1000;
      time.step({ shapes, mode: this.opened.trainable.mode }, seconds);

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
      const learning = this.gated && this.opened.trainable.mode === 'learning';
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
        secondsLeft: time.left(step + 1, this.epochs),
      });

      this.correctGuess(time.left(step + 1, this.epochs));

      // 7. Groups that have been dead for long leave the model; all that are dead do at the end.
      const last = step + 1 === steps;
      this.goOnWith(
        last ? await removeDead(setup, this.opened) : await removeLongDead(setup, this.opened, settings),
        step + 1,
      );

      // 8. Evaluate after every so many epochs, and at the end.
      const due = settings.evaluate.everyEpochs;
      const epochsDone = due > 0 && Math.floor(this.progress.epoch / due) > Math.floor(epoch / due);
      const better = (last || epochsDone) && due > 0 && (await this.during('evaluating', () => this.evaluate(last)));

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
    return this.end(this.progress.step < steps ? 'stopped' : 'done', null);
  }

  async close(): Promise<void> {
    await this.opened.trainable.dispose();
  }

  /** Passes over the data so far, with parts. */
  private get epochs(): number {
    return this.progress.epoch + this.progress.batch / this.context.setup.data.plan.batchesPerEpoch;
  }

  /** One update. Losses are means over its batches; all else is the last one's. */
  private async update(scalars: Omit<StepScalars, 'update' | 'part'>) {
    const { settings, setup } = this.context;
    const { accumulate } = settings.batch;
    let audioSeconds = 0;
    let ctcLoss = 0;
    const shapes: BatchShape[] = [];
    for (let part = 1; ; part++) {
      const batch = await this.batches.next();
      audioSeconds += secondsOf(batch, setup.processor.sampleRate);
      shapes.push({ utterances: batch.rows, samples: batch.samples, labels: batch.maxLabels });
      const last = part === accumulate;
      const features = await this.featuresOf(batch);
      const result = await this.opened.trainable.step(trainingBatch(batch, features), {
        ...scalars,
        part,
        update: last,
      });
      ctcLoss += result.ctcLoss / accumulate;
      if (!last) continue;
      const loss = ctcLoss + (result.loss - result.ctcLoss);
      const whole: StepResult = { ...result, ctcLoss, loss };
      return { result: whole, audioSeconds, shapes };
    }
  }

  /** Those not kept yet are computed here, which counts as the step's time. */
  private async featuresOf({ sounds = [] }: Batch): Promise<Float32Array[] | undefined> {
    const { setup, report } = this.context;
    if (!setup.features) return undefined;
    const all: Float32Array[] = [];
    for (const sound of sounds) all.push(await setup.features.of(sound));
    const trouble = setup.features.takeTrouble();
    if (trouble !== undefined) report.say(trouble);
    return all;
  }

  /** What takes more than a step may, under a name that readers of the run see meanwhile. */
  private async during<T>(label: string, work: () => Promise<T>): Promise<T> {
    const { host } = this.context;
    await host.phase(label);
    const result = await work();
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

  private async restGates({ rest, sentence }: Resting): Promise<void> {
    const { report } = this.context;
    this.opened.trainable.writeState(rest(this.opened.layout, await this.opened.trainable.readState()));
    this.opened.trainable.fixGates();
    this.progress = { ...this.progress, gates: 'fixed' };
    report.say(sentence);
  }

  /** @param step that the line in metrics.jsonl gives. */
  private goOnWith(removal: Removal | undefined, step: number): void {
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
    const newest = (await listCheckpoints(checkpoints)).at(-1);
    const saved = newest === undefined ? undefined : await readCheckpoint(checkpoints, newest);
    const before = saved?.progress ?? freshProgress(settings, setup.method);
    this.progress = { ...before, learningRateScale: before.learningRateScale / 2, rolledBack: true };
    await this.opened.trainable.dispose();
    this.opened = setup.open(this.progress.gates, saved?.state);
    this.watch = this.watchFrom(this.progress);
    this.batches = this.batchesFrom(this.progress);
    const { step, learningRateScale } = this.progress;
    this.evaluatedStep = Math.min(this.evaluatedStep, step);
    metrics.append({ kind: 'rewind', step, cause: 'rollback', learningRateScale });
    report.say(`Back to ${newest === undefined ? 'the start' : checkpointName(step)}, at half the learning rate.`);
  }

  /** @returns whether this is the best so far at the final sparsity, and so worth a checkpoint. */
  private async evaluate(last: boolean): Promise<boolean> {
    const { setup, dev, checkpoints, metrics, report, time } = this.context;
    const { step } = this.progress;
    if (!dev || this.evaluatedStep === step) return false;
    const began = performance.now();
    const state = await this.opened.trainable.readState();
    const score = await dev.score(setup, this.opened.layout, state, this.opened.trainable.mode, checkpoints);
    time.evaluation((performance.now() - began) / 1000);
    this.evaluatedStep = step;
    metrics.append({ kind: 'evaluation', step, epoch: this.epochs, ...score, sparsity: this.sparsity });
    report.say(`Step ${step}: word error rate ${percent(score.wer, 2)} on the development set.`);
    const final = !this.gated || this.opened.trainable.mode === 'fixed' || last;
    if (!final || score.wer >= (this.progress.best?.wer ?? Infinity)) return false;
    this.progress = {
      ...this.progress,
      best: { step, wer: score.wer, path: `checkpoints/${checkpointName(step)}` },
    };
    return true;
  }

  private async writeCheckpoint(): Promise<void> {
    const { settings, checkpoints, metrics, report, time } = this.context;
    const { step, best } = this.progress;
    const began = performance.now();
    // A checkpoint must never know of steps that metrics.jsonl does not.
    metrics.sync();
    const state = await this.opened.trainable.readState();
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
