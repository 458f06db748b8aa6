/** A trainer's life: claims the run folder, gets ready, resumes where the last checkpoint is, trains, and says how it ended. */

import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { sentenceOf } from '../base/errors.ts';
import { makeFolder } from '../base/makeFolder.ts';
import { shellQuoted } from '../base/shellQuoted.ts';
import type { ControlReply, ControlRequest } from '../protocol/control.ts';
import type { RunFile, RunState } from '../protocol/records.ts';
import { settingsOf, type RunSettings } from '../protocol/settings.ts';
import { featuresFolder, runPaths, type RunPaths } from '../runs/paths.ts';
import { readRun } from '../runs/state.ts';
import { checkpointName, removeUnfinished } from '../runfolder/checkpoint.ts';
import { listenForControl, type ControlServer } from '../runfolder/controlServer.ts';
import { DevSet } from './data/devSet.ts';
import { bytesIn, diskOf, diskPlanOf, leastMemory, roomFor, whyNotHere } from './plan/footprint.ts';
import { Heartbeat } from '../runfolder/heartbeat.ts';
import { checkInputs } from '../runfolder/inputs.ts';
import { train } from './loop.ts';
import type { LoopEnd, LoopHost } from './loopContext.ts';
import { MetricsFile } from '../runfolder/metricsFile.ts';
import { describeStart, startRecord } from './plan/overview.ts';
import { OnnxruntimeError } from '../runtime/onnxruntimeError.ts';
import { ProgressReport, withShare, type Terminal } from './progress.ts';
import { claimRunFolder, type RunOwner } from '../runfolder/runFolder.ts';
import type { OnMeasured } from '../speech/lengths/lengths.ts';
import { prepareRun, type Setup } from './setup.ts';
import { findStartingPoint, reconcileMetrics, refuseOtherChannels } from './startingPoint.ts';
import { timeLeftOf } from './plan/timeModel.ts';

export interface TrainerHandle {
  /** Settles when the run is over and everything is written: whether it is done, or why it is not. */
  readonly ended: Promise<LoopEnd['status']>;
  /** What the trainer answers to control messages. */
  readonly answer: (request: ControlRequest) => ControlReply;
}

/**
 * Trains in a run folder from where it stands. Errors go to the terminal, the log and state.json; `ended` does not reject.
 * @param wholeTable whether each gated layer has a line on the terminal, and not each kind of them.
 */
export function startRun(folder: string, terminal: Terminal, wholeTable = false): TrainerHandle {
  const run = new Run(runPaths(folder), terminal, wholeTable);
  return { ended: run.live(), answer: (request) => run.answer(request) };
}

/** The run was to stop while it was still getting ready. */
class StoppedEarly extends Error {}

class Run {
  private readonly paths: RunPaths;
  private readonly terminal: Terminal;
  private readonly wholeTable: boolean;
  private state: RunState | undefined;
  private metrics: MetricsFile | undefined;
  private heartbeat: Heartbeat | undefined;
  private stopping = false;
  private checkpointWanted = false;

  constructor(paths: RunPaths, terminal: Terminal, wholeTable: boolean) {
    this.paths = paths;
    this.terminal = terminal;
    this.wholeTable = wholeTable;
  }

  answer(request: ControlRequest): ControlReply {
    switch (request.kind) {
      case 'stop':
        this.stopping = true;
        return { kind: 'accepted' };
      case 'checkpoint':
        this.checkpointWanted = true;
        return { kind: 'accepted' };
      case 'status':
        if (!this.state) return { kind: 'refused', message: 'the trainer is still starting' };
        return { kind: 'status', state: this.state };
    }
  }

  async live(): Promise<LoopEnd['status']> {
    let report: ProgressReport | undefined;
    try {
      const run = await readRun(this.paths.folder);
      report = new ProgressReport(this.paths.log, this.terminal);
      const owner = await claimRunFolder(this.paths.folder);
      this.heartbeat = new Heartbeat(this.paths.folder);
      // From here on the folder is this process's, and says so if anything goes wrong.
      this.state = {
        status: 'starting',
        ...owner,
        attempt: 1,
        step: 0,
        steps: 0,
        heartbeat: new Date().toISOString(),
        control: null,
        message: 'reading the model and the data',
      };
      return await this.trainAs(owner, run, report);
    } catch (error) {
      if (error instanceof StoppedEarly) return await this.stopEarly(report);
      const message = sentenceOf(error);
      if (report) report.say(message);
      else this.terminal.write(`${message}\n`);
      if (error instanceof OnnxruntimeError) report?.note(`onnxruntime's own words: ${error.ownWords}`);
      if (process.env['PINCH_DEBUG'] === '1') this.terminal.write(`${String((error as Error).stack)}\n`);
      // The disk may be what failed, and then there is nowhere to write this.
      await this.setState({ status: 'failed', message, control: null }).catch(() => undefined);
      return 'failed';
    } finally {
      report?.close();
      await this.heartbeat?.close();
    }
  }

  private async stopEarly(report: ProgressReport | undefined): Promise<'stopped'> {
    const message = 'stopped before the first step';
    report?.say(`Stopped before the first step; pinch resume ${shellQuoted(this.paths.folder)} starts again.`);
    await this.setState({ status: 'stopped', message, control: null });
    return 'stopped';
  }

  private async trainAs(owner: RunOwner, run: RunFile, report: ProgressReport): Promise<LoopEnd['status']> {
    const settings = settingsOf(run);
    const metrics = await MetricsFile.open(this.paths);
    this.metrics = metrics;
    const control = await listenForControl(owner.nonce, (request) => this.answer(request));
    let setup: Setup | undefined;
    try {
      await this.setState({ control: control.path });
      await makeFolder(this.paths.checkpoints);
      await removeUnfinished(this.paths.checkpoints);
      if (metrics.earlier.length > 0) {
        refuseOtherChannels(run.version, settings);
        await checkInputs(settings, run.checksums);
      }
      setup = await prepareRun(settings, featuresFolder(this.paths.folder), this.measuring(report));
      const end = await this.trainWith(setup, settings, report, metrics);
      await this.finish(end, metrics, report);
      return end.status;
    } catch (error) {
      if (this.state?.status === 'running') this.recordFailure(metrics, sentenceOf(error));
      throw error;
    } finally {
      await this.close(setup, metrics, control);
    }
  }

  private async trainWith(
    setup: Setup,
    settings: RunSettings,
    report: ProgressReport,
    metrics: MetricsFile,
  ): Promise<LoopEnd> {
    const { checkpoints } = this.paths;
    const { earlier } = metrics;
    const from = await findStartingPoint(checkpoints, settings, setup.method);
    const { progress, state } = from;
    const { step } = progress;

    const { dev: manifest, text } = settings;
    const dev = manifest === null ? undefined : await DevSet.open(manifest, text, setup, this.measuring(report));
    report.phase(null);
    const { device } = setup.device;
    const diskBytes = diskOf(diskPlanOf(setup, settings));
    await this.refuseWithoutRoom({ device, diskBytes, memoryBytes: leastMemory(setup, settings) });
    const opened = setup.open(progress.gates, state);
    await this.setState({ step, steps: setup.steps, message: 'building the training graph' });
    const began = performance.now();
    const cost = await opened.session.compile(setup.largestBatch, true);
    const time = timeLeftOf(setup, settings, cost, dev, (performance.now() - began) / 1000);
    const start = startRecord(setup, settings, cost, time.firstGuess, dev?.memoryBytes);
    await this.refuseWithoutRoom(start);
    const said = (whole: boolean): string => describeStart(start, setup, settings, whole);
    report.say(said(this.wholeTable), said(true));
    if (!earlier.some(({ kind }) => kind === 'start')) metrics.append(start);
    if (earlier.length > 0) {
      report.say(state ? `Goes on from ${checkpointName(step)}.` : 'Starts again: there is no checkpoint yet.');
    }
    const known = await reconcileMetrics(metrics, from, checkpoints, opened.layout);
    await this.setState({ status: 'running', message: null });
    this.terminal.begun?.();

    const host: LoopHost = {
      beat: (step) => this.beat(step),
      phase: async (label, share) => {
        report.phase(label, share);
        await this.setState({ message: label === null ? null : withShare(label, share) });
      },
      stopRequested: () => this.stopping,
      takeCheckpointRequest: () => {
        const wanted = this.checkpointWanted;
        this.checkpointWanted = false;
        return wanted;
      },
    };
    await setImmediate();
    return train({ settings, setup, checkpoints, dev, host, metrics, report, time, ...known }, opened, progress);
  }

  /** Says how far the recordings are measured, and breaks that off when the run is to stop. */
  private measuring(report: ProgressReport): OnMeasured {
    return async (done, total) => {
      if (this.stopping) throw new StoppedEarly();
      const label = 'measuring the recordings';
      report.phase(label, done / total);
      await this.setState({ message: withShare(label, done / total) });
    };
  }

  /** Running out of either would end the run later, without a word if it is memory. */
  private async refuseWithoutRoom(needs: Parameters<typeof whyNotHere>[0]): Promise<void> {
    const { folder, checkpoints } = this.paths;
    const problem = whyNotHere(needs, await roomFor(folder), await bytesIn(checkpoints));
    if (problem !== undefined) throw new Error(problem);
  }

  private async finish(end: LoopEnd, metrics: MetricsFile, report: ProgressReport): Promise<void> {
    const step = this.state?.step ?? 0;
    metrics.append({ kind: 'end', step, ...end });
    metrics.sync();
    if (end.status === 'failed') report.say(`The run failed: ${end.message ?? ''}.`);
    if (end.status === 'stopped')
      report.say(`Stopped at step ${step}; pinch resume ${shellQuoted(this.paths.folder)} goes on from here.`);
    await this.setState({ status: end.status, message: end.message, control: null });
  }

  /** As far as possible: what failed may be this file's disk. */
  private recordFailure(metrics: MetricsFile, message: string): void {
    const step = this.state?.step ?? 0;
    try {
      metrics.append({ kind: 'end', step, status: 'failed', message, checkpoint: null, sparsity: 0, best: null });
    } catch {
      // state.json and the terminal may still take it.
    }
  }

  /** A step that is done: told with the next heartbeat, at once only if the run is now stopping. */
  private async beat(step: number): Promise<void> {
    if (!this.state) return;
    const status = this.stopping ? 'stopping' : 'running';
    if (this.state.status !== status) return this.setState({ step, status });
    this.state = { ...this.state, step, attempt: this.metrics?.attempt ?? 1 };
    this.heartbeat?.tell(this.state);
  }

  private async setState(change: Partial<RunState>): Promise<void> {
    if (!this.state) return;
    this.state = { ...this.state, ...change, attempt: this.metrics?.attempt ?? 1 };
    await this.heartbeat?.write(this.state);
  }

  private async close(setup: Setup | undefined, metrics: MetricsFile, control: ControlServer): Promise<void> {
    metrics.close();
    await Promise.all([setup?.loader.close(), setup?.features?.close(), control.close()]);
  }
}
