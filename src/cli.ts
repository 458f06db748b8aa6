#!/usr/bin/env node
/** The pinch command: its subcommands, their flags, and its exit codes. */

import { Command, CommanderError } from 'commander';
import pinchPackage from '../package.json' with { type: 'json' };
import { diff, type DiffFlags } from './cli/diff.ts';
import { evaluate, type EvaluateFlags } from './cli/evaluate.ts';
import { exportCommand, type ExportFlags } from './cli/exportCommand.ts';
import { choiceFlag, countFlag, numberFlag } from './cli/flags.ts';
import { latencyFlag, sizeFlag } from './cli/targetFlags.ts';
import { textFlag } from './cli/textFlag.ts';
import { importCommand, type ImportFlags } from './cli/importCommand.ts';
import { inspect, type InspectFlags } from './cli/inspect.ts';
import { exitCodes, printResult, UsageError } from './cli/output.ts';
import { prune, resume, type PruneCommandFlags, type ResumeFlags } from './cli/prune.ts';
import { pull, type PullFlags } from './cli/pull.ts';
import { exportMetricsCommand, runs, type ExportMetricsFlags, type RunsFlags } from './cli/runs.ts';
import { setup, type SetupFlags } from './cli/setup.ts';
import { study, studyHelp, type StudyFlags } from './cli/study.ts';
import { sentenceOf } from './base/errors.ts';
import { HubRefusalError } from './huggingface/pull/hub.ts';
import { deviceChoices, granularities, methods } from './protocol/settings.ts';
import { exportTargets } from './protocol/results/export.ts';
import { OnnxruntimeError } from './runtime/onnxruntimeError.ts';
import { devices } from './runtime/session.ts';

const text = [
  '--text <steps>',
  'what is done to the texts before they are spelled: auto, none, names such as NFC,case,punctuation, or a JSON list',
  textFlag('--text'),
] as const;
const json = ['--json', 'print one JSON object on standard output and nothing else there'] as const;
const methodHelp = `${methods.join(', ')}: learned thresholds, uniform magnitude, searched channels, or no pruning (self-pinching)`;
const cost = [
  '--no-cost',
  'do not estimate the cost of the model: multiply-accumulates, ratios to the dense model',
] as const;
const latency = ['--latency', 'run the model, and the dense one by turns, to say how long they take'] as const;
const compressed = [
  '--compressed',
  'compress all of the files, not only a sample of them, to say how large they are then',
] as const;
const detach = ['--detach', 'return as soon as training has begun; the trainer goes on by itself'] as const;
const noWait = ['--no-wait', 'with --detach: do not wait for it to begin'] as const;
const table = ['--table', 'list every gated layer at the start, and not only each kind of them'] as const;

function program(finish: (code: Promise<number>) => Promise<void>): Command {
  const pinch = new Command('pinch')
    .description('Prunes exported ONNX speech models in one training pass.')
    .version(pinchPackage.version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError()
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted (after a checkpoint).');

  pinch
    .command('prune')
    .description('train a model while its gates close, and write checkpoints of it')
    .option(
      '--model <path>',
      'an ONNX file or its folder, or a Hugging Face checkpoint, with the tokenizer files beside it',
    )
    .option('--train <manifest>', 'transcribed speech to train on')
    .option('--dev <manifest>', 'transcribed speech to evaluate on after each epoch')
    .option(
      '--vocab <file>',
      'a vocab.json for a model that was only pretrained (the characters of the training texts)',
    )
    .option(
      '--target-sparsity <share>',
      'share of the gated weights to prune, 0 to 1 (0.65)',
      numberFlag('--target-sparsity'),
    )
    .option(
      '--target-size <size>',
      'size of the model after gzip instead of a sparsity: 1.5MB, 10% of its file',
      sizeFlag('--target-size'),
    )
    .option(
      '--target-latency <time>',
      "the same for its latency: 50% of the dense model's, 0.5, 120ms",
      latencyFlag('--target-latency'),
    )
    .option('--method <method>', methodHelp, choiceFlag('--method', methods))
    .option('--granularity <granularity>', granularities.join(' or '), choiceFlag('--granularity', granularities))
    .option(
      '--encoder-channels',
      'with granularity neuron: channels of the feature encoder, too, which is trained then',
    )
    .option('--epochs <count>', 'passes over the training data (10)', countFlag('--epochs'))
    .option('--steps <count>', 'updates, instead of epochs', countFlag('--steps'))
    .option('--device <device>', `${deviceChoices.join(', ')} (auto)`, choiceFlag('--device', deviceChoices))
    .option('--run <folder>', 'the run folder to make (.pinch/runs/<day>-<model>-<number>)')
    .option('--seed <number>', 'seed of all random numbers (0)', countFlag('--seed', 0))
    .option(
      '--dropout <share>',
      'share of values that dropout sets to zero while training (0.1)',
      numberFlag('--dropout'),
    )
    .option(
      '--mask-feature-prob <share>',
      'share of features that SpecAugment masks while training (0.3)',
      numberFlag('--mask-feature-prob'),
    )
    .option('--mask-time-prob <share>', 'share of frames that it masks (0)', numberFlag('--mask-time-prob'))
    .option(...text)
    .option('--config <file>', 'settings as in a run.json; flags override them')
    .option('--dry-run', 'print the gates, time and memory of the run, and do nothing')
    .option(...table)
    .option(...detach)
    .option(...noWait)
    .option(...json)
    .action((flags: PruneCommandFlags) => finish(prune(flags)));

  pinch
    .command('resume')
    .description('continue a run from its last checkpoint')
    .argument('<run>', 'the run folder')
    .option(...table)
    .option(...detach)
    .option(...noWait)
    .option(...json)
    .action((run: string, flags: ResumeFlags) => finish(resume(run, flags)));

  pinch
    .command('evaluate')
    .description('measure a model: errors, speed, size, sparsity')
    .argument('<checkpoint>', 'a checkpoint, a model folder, an ONNX file or a Hugging Face checkpoint')
    .requiredOption(
      '--data <manifest>',
      'transcribed speech; NAME=MANIFEST names it, and given several times, each has a row',
      (value: string, before?: readonly string[]) => [...(before ?? []), value],
    )
    .option('--against <checkpoint>', 'another model to compare with, on the same speech')
    .option('--out <folder>', 'write the hypotheses and all numbers here')
    .option('--keep', 'write them beside the model, where the editor and pinch diff find them')
    .option(
      '--batch <count>',
      'utterances run together (1; more pads them, which changes some models)',
      countFlag('--batch'),
    )
    .option('--device <device>', `${devices.join(', ')} (cpu)`, choiceFlag('--device', devices))
    .option(...text)
    .option(...cost)
    .option(...latency)
    .option(...compressed)
    .option(...json)
    .action((checkpoint: string, flags: EvaluateFlags) => finish(evaluate(checkpoint, flags)));

  pinch
    .command('diff')
    .description('compare two models layer by layer, and on speech')
    .argument('<a>', 'a checkpoint, a model folder, an ONNX file or a Hugging Face checkpoint')
    .argument('<b>', 'another')
    .option('--data <manifest>', 'transcribed speech; evaluations that are kept beside the models are used')
    .option('--keep', 'write new evaluations beside the models')
    .option(...json)
    .action((a: string, b: string, flags: DiffFlags) => finish(diff(a, b, flags)));

  pinch
    .command('inspect')
    .description('list the layers of a model with shapes, zeros and gates, and estimate the cost of the model')
    .argument('<model>', 'a model folder, an ONNX file or a Hugging Face checkpoint')
    .option('--layer <name>', "only this layer: its weights' distribution, and its threshold")
    .option(
      '--thresholds',
      'only the sparsity that the model has with all thresholds of its run multiplied by one factor',
    )
    .option('--against <model>', 'the dense model to compare the cost with (the one that its run started from)')
    .option(...cost)
    .option(...latency)
    .option(...compressed)
    .option(...json)
    .action((model: string, flags: InspectFlags) => finish(inspect(model, flags)));

  pinch
    .command('import')
    .description(
      'write the ONNX model of a Hugging Face checkpoint, which every command makes by itself where it is given one',
    )
    .argument('<checkpoint>', 'a folder with config.json and model.safetensors')
    .requiredOption('--out <folder>', 'the folder to write to')
    .option('--language <name>', 'of a model with adapters for many, as in adapter.<name>.safetensors')
    .option('--vocab <file>', 'a vocab.json for the new CTC head of a model that was only pretrained')
    .option(...json)
    .action((checkpoint: string, flags: ImportFlags) => finish(importCommand(checkpoint, flags)));

  pinch
    .command('export')
    .description('write a model without dead units and heads, with 8-bit weights, or for other programs')
    .argument('<checkpoint>', 'a checkpoint, a model folder, an ONNX file or a Hugging Face checkpoint')
    .option('--to <where>', `who is to use it: ${exportTargets.join(', ')} (onnx)`, choiceFlag('--to', exportTargets))
    .option('--shrink', 'without units and heads that are dead: smaller matrices, the same results')
    .option('--int8', 'weights of 8 bits: matrix products are computed with them, convolutions store them')
    .option(
      '--size <bytes>',
      'at most so much after gzip, such as 1.5MB: 8 bits where it takes them',
      sizeFlag('--size'),
    )
    .option(
      '--ratio <share>',
      'the same as a share of the file that the run started from, such as 0.1',
      numberFlag('--ratio'),
    )
    .option('--out <folder>', "the folder to write to (beside the model's own)")
    .option(...compressed)
    .option(...json)
    .action((checkpoint: string, flags: ExportFlags) => finish(exportCommand(checkpoint, flags)));

  pinch
    .command('study')
    .description('train and measure models, methods, sparsities and seeds as one job; resume it if it exists')
    .argument('<file>', 'study file: models, data, methods and settings as JSON')
    .option('--folder <folder>', 'where the runs and the report go (beside the file, its name and .study)')
    .option(
      '--on <where>',
      'here, or slurm: submit each run as a job and follow it (here)',
      choiceFlag('--on', ['here', 'slurm'] as const),
    )
    .option('--only <run>', 'train and measure only this run of the study, here')
    .option('--dry-run', 'only say which runs there are, and what time, memory and disk they take')
    .option(...json)
    .addHelpText('after', studyHelp)
    .action((file: string, flags: StudyFlags) => finish(study(file, flags)));

  pinch
    .command('runs')
    .description('list the runs of a folder with their progress, sparsity and error rates, newest first')
    .argument('[folder]', 'a folder with .pinch/runs in it', '.')
    .option(...json)
    .action((folder: string, flags: RunsFlags) => finish(runs(folder, flags)));

  pinch
    .command('export-metrics')
    .description('write the numbers of a run for other programs')
    .argument('<run>', 'the run folder')
    .option('--tensorboard <folder>', "write an event file into a folder of the run's name in this one")
    .option(...json)
    .action((run: string, flags: ExportMetricsFlags) => finish(exportMetricsCommand(run, flags)));

  pinch
    .command('pull')
    .description('get a model from the Hugging Face hub: its weights once, and what says how it hears and writes')
    .argument('<id>', 'as on the hub, such as facebook/wav2vec2-base-960h')
    .option('--revision <revision>', 'a branch, a tag or a commit (main)')
    .option('--out <folder>', "where it goes (models/<the id's last part>)")
    .option(
      '--file <path>',
      'a file to take, too; an ONNX model is taken instead of other weights (may be repeated)',
      (path: string, paths: readonly string[] | undefined) => [...(paths ?? []), path],
    )
    .option('--token-env <name>', 'the environment variable with a token, for gated and private models (HF_TOKEN)')
    .option(...json)
    .addHelpText(
      'after',
      '\nHF_ENDPOINT names another hub. What lies in the local cache (HF_HOME, HF_HUB_CACHE) is not fetched again.',
    )
    .action((id: string, flags: PullFlags) => finish(pull(id, flags)));

  pinch
    .command('setup')
    .description("install onnxruntime's CUDA provider for training on an NVIDIA card; this downloads it")
    .argument('<what>', 'cuda')
    .option('--dry-run', 'print the requirements and the size of the download, and do nothing')
    .option('--from <file>', 'a package that was downloaded by hand, for machines without internet')
    .option('--source <address>', "another NuGet server's index.json (https://api.nuget.org/v3/index.json)")
    .option('--remove', 'remove the installed provider')
    .option(...json)
    .action((what: string, flags: SetupFlags) => finish(setup(what, flags)));

  return pinch;
}

/** Prints one sentence; with PINCH_DEBUG=1, the stack trace too. */
function explain(error: unknown): { code: number; message: string } {
  if (error instanceof CommanderError) {
    // Help or version was requested and has been printed.
    if (error.exitCode === 0) return { code: exitCodes.done, message: '' };
    const message = error.message.replace(/^error: /u, '').replace(/\n.*/su, '');
    return { code: exitCodes.usage, message: sentenceOf(message.charAt(0).toUpperCase() + message.slice(1)) };
  }
  return { code: error instanceof UsageError ? exitCodes.usage : exitCodes.failed, message: sentenceOf(error) };
}

// A reader may close the pipe early, as head does. That is no error.
process.stdout.on('error', () => process.exit(process.exitCode ?? exitCodes.done));

const args = process.argv.slice(2);
try {
  if (args.length === 0) throw new UsageError('Name a command: pinch --help lists them.');
  await program(async (code) => {
    process.exitCode = await code;
  }).parseAsync(args, { from: 'user' });
} catch (error) {
  const { code, message } = explain(error);
  process.exitCode = code;
  if (message !== '') {
    process.stderr.write(`${message}\n`);
    const more = error instanceof HubRefusalError ? { refusal: error.refusal } : {};
    if (args.includes('--json')) printResult(true, { status: 'failed', message, ...more }, '');
  }
  if (process.env['PINCH_DEBUG'] === '1') {
    if (error instanceof OnnxruntimeError) process.stderr.write(`${error.ownWords}\n`);
    process.stderr.write(`${String((error as Error).stack)}\n`);
  } else if (error instanceof OnnxruntimeError) {
    process.stderr.write("PINCH_DEBUG=1 shows onnxruntime's own words.\n");
  }
}
