/** What the run is: model, data, versions, all settings, and the commands that repeat it. */

import { counted, duration } from '../../src/base/format.ts';
import type { RunAbout, RunSetting } from '../../src/protocol/views/run.ts';
import { make, setText } from '../ui/dom.ts';
import { fact } from '../ui/fact.ts';
import { sortableTable, type SortableTable } from '../ui/table/table.ts';

export interface About {
  readonly element: HTMLElement;
  readonly update: (about: RunAbout | null | undefined) => void;
}

export function about(onCopy: (text: string) => void): About {
  const facts = {
    model: fact('Model'),
    train: fact('Training data'),
    dev: fact('Development data'),
    data: fact('Speech'),
    created: fact('Created'),
    device: fact('Device'),
    versions: fact('Versions'),
  };
  const list = make('dl', { class: 'facts paths' }, ...Object.values(facts).map(({ element }) => element));
  const own = settingTable('Settings that differ from the defaults');
  const rest = settingTable('Settings that have their defaults');
  const none = make('p', { class: 'quiet' }, 'All settings have their defaults.');
  const others = make('details', {}, make('summary'), rest.element);
  const commands = make('div', { class: 'commands' });
  const element = make(
    'section',
    {},
    make('h2', {}, 'What this run is'),
    list,
    make('h3', {}, 'Settings that differ from the defaults'),
    none,
    own.element,
    others,
    make('h3', {}, 'To repeat it'),
    commands,
  );
  let shown = '';
  let latest: unknown;
  return {
    element,
    update(now) {
      element.hidden = !now;
      if (now === latest) return;
      latest = now;
      const key = JSON.stringify(now);
      if (!now || key === shown) return;
      shown = key;
      const { model, train, dev, data, created, pinch, onnxruntime, node } = now;
      facts.model.set(model);
      facts.train.set(train);
      facts.dev.set(dev ?? 'none: the run measured no error rates');
      const left = data && data.dropped > 0 ? `, ${counted(data.dropped, 'utterance')} left out` : '';
      facts.data.set(data ? `${counted(data.utterances, 'utterance')}, ${duration(data.audioSeconds)}${left}` : '');
      facts.created.set(new Date(created).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' }));
      facts.device.set(data?.deviceReason ?? '');
      facts.versions.set(`Pinch ${pinch}, onnxruntime ${onnxruntime}, Node ${node}`);
      const differing = now.settings.filter(({ differs }) => differs);
      const usual = now.settings.filter(({ differs }) => !differs);
      none.hidden = differing.length > 0;
      own.element.hidden = differing.length === 0;
      own.setRows(differing);
      rest.setRows(usual);
      others.hidden = usual.length === 0;
      setText(
        others.firstElementChild ?? others,
        counted(usual.length, 'setting has its default', 'settings have their defaults'),
      );
      commands.replaceChildren(...now.commands.map((command) => commandElement(command, onCopy)));
    },
  };
}

function settingTable(label: string): SortableTable<RunSetting> {
  const table = sortableTable<RunSetting>({
    label,
    sort: { column: 'name', direction: 'ascending' },
    columns: [
      { id: 'name', title: 'Setting', value: ({ name }) => name, cell: ({ name }) => mono(name) },
      { id: 'value', title: 'Value', value: ({ value }) => value, cell: ({ value }) => mono(value) },
      { id: 'standard', title: 'Default', value: ({ standard }) => standard, cell: ({ standard }) => mono(standard) },
    ],
  });
  table.element.classList.add('settings');
  return table;
}

function mono(text: string): HTMLElement {
  return make('span', { class: 'mono' }, text);
}

function commandElement({ does, line }: RunAbout['commands'][number], onCopy: (text: string) => void): HTMLElement {
  const copy = make('button', { type: 'button', class: 'link' }, 'Copy');
  copy.setAttribute('aria-label', `Copy: ${does}`);
  copy.addEventListener('click', () => onCopy(line));
  return make('div', {}, make('span', { class: 'quiet' }, does), make('code', { class: 'mono' }, line), copy);
}
