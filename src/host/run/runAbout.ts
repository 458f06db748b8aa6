/** What a run is, for its page: model, data, settings with those first that differ from the defaults, and commands that repeat it. */

import { join } from 'node:path';
import { shellQuoted } from '../../base/shellQuoted.ts';
import type { RunAbout, RunSetting } from '../../protocol/views/run.ts';
import { defaultSettings, settingsOf } from '../../protocol/settings.ts';
import { textStepsOf } from '../../protocol/textSteps.ts';
import type { RunFile } from '../../protocol/records.ts';
import type { RunSnapshot } from '../../runs/followRun.ts';

export function aboutRun(folder: string, { run, start, end, checkpoints }: RunSnapshot): RunAbout {
  const { settings, created, pinch, onnxruntime, node } = run;
  const path = (key: string): string | null => (typeof settings[key] === 'string' ? settings[key] : null);
  return {
    model: path('model') ?? '',
    train: path('train') ?? '',
    dev: path('dev'),
    created,
    pinch,
    onnxruntime,
    node,
    settings: settingsTable(run),
    commands: [
      { does: 'Repeat this run', line: `pinch prune --config ${shellQuoted(join(folder, 'run.json'))}` },
      {
        does: 'Repeat it with another seed',
        line: `pinch prune --config ${shellQuoted(join(folder, 'run.json'))} --seed ${seedAfter(settings)}`,
      },
      ...(end?.status === 'done'
        ? []
        : [
            {
              does:
                checkpoints.length > 0
                  ? 'Continue it from its last checkpoint'
                  : 'Start it again: it has no checkpoint',
              line: `pinch resume ${shellQuoted(folder)}`,
            },
          ]),
    ],
    data: start
      ? {
          utterances: start.utterances,
          dropped: Object.values(start.dropped).reduce((sum, number) => sum + number, 0),
          audioSeconds: start.audioSeconds,
          memoryBytes: start.memoryBytes,
          deviceReason: start.deviceReason,
        }
      : null,
  };
}

/** Every setting but the paths, which stand by themselves. Settings that this version does not know are listed, too. */
export function settingsTable({ version, settings }: Pick<RunFile, 'version' | 'settings'>): RunSetting[] {
  // A run.json holds the steps of texts themselves.
  const standard = new Map(leaves({ ...defaultSettings, text: textStepsOf(defaultSettings.text) }));
  const own = new Map(leaves(completed(version, settings)));
  return Array.from(own)
    .filter(([name]) => name !== '' && !paths.has(name))
    .map(([name, given]): RunSetting => {
      const usual = shown(standard.get(name));
      const value = shown(given);
      return { name, value, standard: usual, differs: value !== usual };
    })
    .sort((a, b) => Number(b.differs) - Number(a.differs));
}

const paths = new Set(['model', 'train', 'dev']);

/** What an older run.json lacks has its meaning of then. Where the settings are not valid they are shown as they are. */
function completed(version: number, settings: Readonly<Record<string, unknown>>): unknown {
  try {
    return settingsOf({ version, settings });
  } catch {
    return settings;
  }
}

/** Values by their paths; a list is a value. */
function leaves(value: unknown, at = ''): [path: string, value: unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[at, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, at === '' ? key : `${at}.${key}`));
}

/** A list has a space behind each comma, where a narrow table may break it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  return value === undefined ? '–' : JSON.stringify(value);
}

function seedAfter({ seed }: Readonly<Record<string, unknown>>): number {
  return typeof seed === 'number' && Number.isSafeInteger(seed) ? seed + 1 : 1;
}
