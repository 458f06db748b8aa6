/** The last step of Prune Model: shows the engine's estimate; the user starts the run or goes back. */

import { commands, QuickPickItemKind, window, workspace } from 'vscode';
import { pick, type Option } from '../steps/quickSteps.ts';
import type { Services } from '../services.ts';
import { showText } from '../panels/showText.ts';
import type { StepAnswer, Step } from '../steps/walkSteps.ts';
import type { PruneChoices } from './config.ts';
import { complete, type Draft } from './draft.ts';
import type { Engine, Prepared } from './engine.ts';
import { granularityOf, granularityTexts } from './granularity.ts';
import { remember } from './remembered.ts';
import { summarise } from './summary.ts';

type Action = 'start' | 'table' | 'settings';

export function startStep(services: Services, engine: Engine): Step<Draft> {
  return {
    name: 'start',
    ask: async (draft, place) => {
      const choices = complete(draft);
      await remember(services.context.workspaceState, choices);
      let prepared: Prepared | undefined;
      for (;;) {
        let picked;
        try {
          picked = await pick<Action>(place, {
            placeholder: 'The plan of the run. Press Enter to start',
            whileBusy: 'Nothing is started yet. Press Escape to cancel',
            options: prepared
              ? lines(prepared, choices, liveRuns(services))
              : async ({ say, signal }) => {
                  say('Reading the model and the speech…');
                  prepared = await engine.prepare(choices, { signal, say });
                  return lines(prepared, choices, liveRuns(services));
                },
          });
        } catch (error) {
          return await tellProblem(services, error, choices);
        }
        if (picked.kind !== 'value') return picked;
        if (picked.value === 'start') return { kind: 'next', choices: prepared ? found(draft, prepared) : draft };
        if (picked.value === 'settings') {
          await commands.executeCommand('workbench.action.openSettings', 'pinch.prune');
          return { kind: 'cancel' };
        }
        if (prepared) await showText(services.context, 'Plan of the run', prepared.dryRun.text);
      }
    },
  };
}

/** With what the engine found for a cost that was asked for, so that it is not measured again. */
function found<T extends Pick<PruneChoices, 'cost'>>(choices: T, { dryRun: { settings } }: Prepared): T {
  return choices.cost ? { ...choices, target: settings.sparsity.target, budget: settings.budget } : choices;
}

function lines(prepared: Prepared, asked: PruneChoices, live: readonly string[]): Option<Action>[] {
  const { dryRun, besideModel } = prepared;
  const choices = found(asked, prepared);
  const beside: Option<Action>[] =
    besideModel === undefined
      ? []
      : [
          {
            label: '$(settings-gear) Settings: those beside the model are used',
            detail: workspace.asRelativePath(besideModel),
            value: 'table',
          },
        ];
  const others = live.map((name): Option<Action> => ({
    label: `$(warning) ${name} is still training; both will be slower`,
    value: 'table',
  }));
  return [
    { label: '$(play) Start', description: whatStarts(choices), value: 'start' },
    { label: '', kind: QuickPickItemKind.Separator },
    ...others,
    ...summarise(dryRun, choices, granularityOf(choices)).map(({ icon, label, detail }): Option<Action> => ({
      label: `$(${icon}) ${label}`,
      ...(detail === undefined ? {} : { detail }),
      value: 'table',
    })),
    ...beside,
    { label: '', kind: QuickPickItemKind.Separator },
    { label: '$(list-flat) Show the Whole Table', value: 'table' },
    { label: '$(gear) Change Settings', value: 'settings' },
  ];
}

function whatStarts(choices: PruneChoices): string {
  if (choices.method === 'none') return 'training without gates';
  const granularity = granularityOf(choices);
  const what = granularity === 'weight' ? '' : `, ${granularityTexts[granularity].inShort}`;
  return `pruning to ${Number((100 * choices.target).toFixed(2))} %${what}`;
}

function liveRuns({ runs }: Services): string[] {
  return runs.runs.filter(({ life }) => life === 'live').map(({ name }) => name);
}

/** Longer messages are hard to read in a dialog. */
const longMessage = 600;

/** Shows the whole error, and leads back to the choice that can fix it. */
async function tellProblem(services: Services, error: unknown, choices: PruneChoices): Promise<StepAnswer<Draft>> {
  const message = error instanceof Error ? error.message : String(error);
  services.log.error(message);
  const long = message.length > longMessage;
  if (long) await showText(services.context, 'Why this cannot be pruned yet', message);
  const detail = long
    ? `${message.slice(0, longMessage)}…\n\nThe editor behind this dialog shows the whole message.`
    : message;
  const change = changeFor(message, choices);
  const settings = 'Change Settings';
  const picked = await window.showErrorMessage(
    'This cannot be pruned yet',
    { modal: true, detail },
    change.label,
    ...(change.step === 'settings' ? [] : [settings]),
  );
  if (picked === settings || (picked !== undefined && change.step === 'settings')) {
    await commands.executeCommand('workbench.action.openSettings', 'pinch.prune');
    return { kind: 'cancel' };
  }
  return picked === undefined ? { kind: 'back' } : { kind: 'back', to: change.step };
}

interface Change {
  readonly label: string;
  /** The name of a step, or `settings`. */
  readonly step: string;
}

/** The engine's messages begin with the file that they concern. */
function changeFor(message: string, { model, train, dev }: PruneChoices): Change {
  if (message.startsWith(train)) return { label: 'Choose Other Training Data', step: 'train' };
  if (dev !== null && message.startsWith(dev)) return { label: 'Choose Other Development Data', step: 'dev' };
  if (message.startsWith('The device')) return { label: 'Choose Another Device', step: 'device' };
  if (message.startsWith('pinch.prune.')) return { label: 'Change Settings', step: 'settings' };
  // The model has no units or heads to gate.
  if (message.startsWith(model) && message.includes('"granularity"')) {
    return { label: 'Prune Another Part of It', step: 'granularity' };
  }
  if (message.startsWith('This model ')) return { label: 'Choose Another Target', step: 'target' };
  if (message.startsWith(model)) return { label: 'Choose Another Model', step: 'model' };
  return { label: 'Go Back', step: 'device' };
}
