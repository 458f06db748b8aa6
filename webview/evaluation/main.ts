/** The page of an evaluation: receives the host's messages and draws the changes. */

import '../ui/ready.ts';
import '../ui/theme.css';
import './evaluation.css';
import { inUnits } from '../../src/protocol/errorRate.ts';
import type {
  EvaluationState,
  EvaluationSubject,
  FromEvaluation,
  ToEvaluation,
} from '../../src/protocol/views/evaluation.ts';
import { announcer } from '../ui/announcer.ts';
import { make, scrollOnce } from '../ui/dom.ts';
import { connectHost, savedState } from '../ui/host.ts';
import { merge, type Known } from '../ui/knownState.ts';
import type { FilteredView } from '../ui/table/tableFilter.ts';
import { figures, figuresAsCsv, figuresAsText } from './figures.ts';
import { header } from './header.ts';
import { numbers } from './numbers.ts';
import { player } from './player.ts';
import { firstView, utterances } from './utterances.ts';

/** State that survives while the page is hidden; the subject also survives a reload of the window. */
interface Saved {
  readonly subject: EvaluationSubject | null;
  readonly view: FilteredView;
  readonly scroll: number;
}

const before = savedState() as Partial<Saved>;
let known: Known<EvaluationState> = {
  subject: null,
  model: null,
  shown: null,
  original: null,
  busy: null,
  problem: null,
};
let view: FilteredView = { ...firstView, ...before.view };
const restoreScroll = scrollOnce(before.scroll);

const said = announcer();
const sound = player((index) => host.post({ kind: 'audio', result: known.shown?.result ?? 0, index }));
const top = header((request) => host.post(request), copy);
const results = numbers();
const list = utterances(view, sound, (next) => {
  view = next;
  save();
});
const content = make('main', { hidden: true }, top.element, results.element, list.element);
document.body.append(content, said.element);

const host = connectHost<FromEvaluation, Saved>((message: ToEvaluation) => {
  switch (message.kind) {
    case 'state':
      takeState(message.state);
      return;
    case 'utterances':
      if (message.result !== known.shown?.result) return;
      list.add(message.rows, message.total);
      if (message.from + message.rows.length === message.total) restoreScroll();
      return;
    case 'audio':
    case 'noAudio':
      if (message.result === known.shown?.result) sound.receive(message);
  }
});
window.addEventListener('scroll', save, { passive: true });

function takeState(state: EvaluationState): void {
  const result = known.shown?.result;
  known = merge(known, state);
  const { shown, original } = known;
  content.hidden = false;
  if (shown?.result !== result) {
    sound.stop();
    list.clear();
    if (shown)
      said.sayNow(`${inUnits('Word error rate', shown.numbers.unit)} ${figures(shown.numbers)[0]?.text ?? ''}`);
  }
  top.update(known);
  results.element.hidden = shown === null;
  list.element.hidden = shown === null;
  if (shown) results.update(figures(shown.numbers, original?.kept?.numbers));
  save();
}

function copy(format: 'text' | 'csv'): void {
  const { shown, original, model } = known;
  if (!shown) return;
  const other = original?.kept?.numbers;
  const [title, otherTitle] = [model?.title ?? '', original?.model.title ?? ''];
  const text =
    format === 'csv'
      ? figuresAsCsv(title, shown.numbers, otherTitle, other)
      : figuresAsText(title, figures(shown.numbers, other), otherTitle);
  host.post({ kind: 'copy', text });
  said.sayNow('Copied');
}

function save(): void {
  host.save({ subject: known.subject, view, scroll: window.scrollY });
}
