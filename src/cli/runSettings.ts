/** The settings of a new run: a configuration file, overridden by flags. */

import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { reasonOf } from '../base/errors.ts';
import {
  completeSettings,
  SettingsError,
  type RunSettings,
  type SettingsInput,
  settingsOf,
  defaultSettings,
} from '../protocol/settings.ts';
import type { TextSetting } from '../protocol/textSteps.ts';
import { UsageError } from './output.ts';

export interface PruneFlags {
  readonly model?: string;
  readonly train?: string;
  readonly dev?: string;
  readonly targetSparsity?: number;
  readonly method?: string;
  readonly granularity?: string;
  readonly encoderChannels?: boolean;
  readonly epochs?: number;
  readonly steps?: number;
  readonly device?: string;
  readonly seed?: number;
  readonly dropout?: number;
  readonly maskTimeProb?: number;
  readonly maskFeatureProb?: number;
  readonly text?: TextSetting;
  readonly config?: string;
}

/** The flag of a setting, where there is one. */
const flags: Readonly<Record<string, string>> = {
  model: '--model',
  train: '--train',
  dev: '--dev',
  'sparsity.target': '--target-sparsity',
  method: '--method',
  granularity: '--granularity',
  'gates.encoderChannels': '--encoder-channels',
  epochs: '--epochs',
  steps: '--steps',
  device: '--device',
  seed: '--seed',
  dropout: '--dropout',
  text: '--text',
  'specAugment.maskTimeProb': '--mask-time-prob',
  'specAugment.maskFeatureProb': '--mask-feature-prob',
};

/**
 * Paths become absolute: those of the file are relative to its folder, those of flags to the working folder.
 * @param defaults that differ from the usual ones.
 * @throws UsageError that names the flag, or the file and its setting.
 */
export async function runSettings(flags: PruneFlags, defaults: SettingsInput = {}): Promise<RunSettings> {
  const fromFile = flags.config === undefined ? {} : await readConfig(flags.config);
  const fromFlags: SettingsInput = {
    ...pathsFrom('.', flags),
    // A size or a latency that a file promises does not hold for another sparsity.
    ...(flags.targetSparsity === undefined
      ? {}
      : { sparsity: { target: flags.targetSparsity }, budget: defaultSettings.budget }),
    // A value of a wrong type is refused below, as any wrong setting.
    method: flags.method as RunSettings['method'] | undefined,
    granularity: flags.granularity as RunSettings['granularity'] | undefined,
    // Gates need training, so the encoder is not frozen.
    ...(flags.encoderChannels === true ? { gates: { encoderChannels: true }, freeze: [] } : {}),
    device: flags.device as RunSettings['device'] | undefined,
    seed: flags.seed,
    dropout: flags.dropout,
    text: flags.text,
    specAugment: {
      ...(flags.maskTimeProb === undefined ? {} : { maskTimeProb: flags.maskTimeProb }),
      ...(flags.maskFeatureProb === undefined ? {} : { maskFeatureProb: flags.maskFeatureProb }),
    },
    // Each of the two, given as a flag, overrides both in the file.
    ...(flags.epochs === undefined ? {} : { epochs: flags.epochs, steps: null }),
    ...(flags.steps === undefined ? {} : { steps: flags.steps }),
  };
  const settings = complete(defaults, fromFile, fromFlags, flags.config);
  for (const key of ['model', 'train', 'dev'] as const) await mustExist(key, settings[key]);
  return settings;
}

function complete(
  defaults: SettingsInput,
  fromFile: unknown,
  fromFlags: SettingsInput,
  config: string | undefined,
): RunSettings {
  try {
    return completeSettings(defaults, fromFile, fromFlags);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const [, key = ''] = /^The setting "([^"]*)"/u.exec(error.message) ?? [];
    const flag = flags[key];
    const given = key
      .split('.')
      .reduce<unknown>((place, name) => (place as Record<string, unknown> | undefined)?.[name], fromFlags);
    if (flag !== undefined && error.message.endsWith('is missing.')) throw new UsageError(`${flag} is missing.`);
    if (flag !== undefined && given !== undefined) {
      throw new UsageError(error.message.replace(`The setting "${key}"`, flag));
    }
    throw new UsageError(config === undefined ? error.message : `${config}: ${error.message}`);
  }
}

async function readConfig(file: string): Promise<object> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: the settings cannot be read: ${reasonOf(error)}.`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file}: this is not JSON: ${(error as Error).message}.`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`${file}: the settings must be a JSON object.`);
  }
  const settings = 'settings' in parsed ? settingsOfRun(file, parsed) : parsed;
  return { ...settings, ...pathsFrom(dirname(file), settings) };
}

/** A run.json holds the settings of its run among other fields. */
function settingsOfRun(file: string, run: { readonly settings: unknown; readonly version?: unknown }): RunSettings {
  const { version = 1, settings } = run;
  if (typeof version !== 'number') throw new UsageError(`${file}: "version" must be a number.`);
  try {
    return settingsOf({ version, settings });
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

function pathsFrom(folder: string, settings: object): { model?: string; train?: string; dev?: string } {
  const paths: Record<string, string> = {};
  for (const key of ['model', 'train', 'dev']) {
    const path = (settings as Record<string, unknown>)[key];
    if (typeof path === 'string' && path !== '') paths[key] = resolve(folder, path);
  }
  return paths;
}

async function mustExist(key: 'model' | 'train' | 'dev', path: string | null): Promise<void> {
  if (path === null) return;
  try {
    await stat(path);
  } catch (error) {
    throw new UsageError(`${flags[key] ?? key}: ${path}: ${reasonOf(error)}.`);
  }
}
