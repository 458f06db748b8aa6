/** The buttons for the actions that the run allows now. */

import type { HeatmapCommand, HeatmapRun } from '../../src/protocol/views/heatmap.ts';
import { button } from '../ui/controls.ts';
import { make } from '../ui/dom.ts';

export interface Actions {
  readonly element: HTMLElement;
  readonly update: (run: HeatmapRun | null) => void;
}

export function actions(onCommand: (command: HeatmapCommand) => void): Actions {
  const action = (label: string, command: HeatmapCommand, title: string, primary = false): HTMLElement =>
    button({ label, title, primary, onClick: () => onCommand(command) });
  const resume = action('Resume', 'resume', 'Resume from the last checkpoint', true);
  const checkpoint = action('Checkpoint Now', 'checkpoint', 'Write a checkpoint after this step');
  const stop = action('Stop', 'stop', 'Write a checkpoint and stop. The run can be resumed');
  const log = action('Open Log', 'openLog', 'The messages of the trainer');
  const element = make('div', { class: 'buttons' }, resume, checkpoint, stop, log);
  return {
    element,
    update(run) {
      resume.hidden = run?.can.resume !== true;
      checkpoint.hidden = run?.can.checkpoint !== true;
      stop.hidden = run?.can.stop !== true;
      log.hidden = run?.status !== 'failed' && run?.status !== 'lost';
      element.hidden = [resume, checkpoint, stop, log].every((each) => each.hidden);
    },
  };
}
