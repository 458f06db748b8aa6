/** The page of a diff: receives the host's messages and draws the changes. */

import '../ui/ready.ts';
import '../ui/theme.css';
import './diff.css';
import type { DiffState, DiffSubject, FromDiff, ToDiff } from '../../src/protocol/views/diff.ts';
import { announcer } from '../ui/announcer.ts';
import { make, scrollOnce } from '../ui/dom.ts';
import { connectHost, savedState } from '../ui/host.ts';
import { merge, type Known } from '../ui/knownState.ts';
import type { FilteredView } from '../ui/table/tableFilter.ts';
import { header } from './header.ts';
import { firstLayersView, layers } from './layers.ts';
import { diffAsText } from './totals.ts';
import { changedUtterances } from './utterances.ts';
import { verdictOf } from './verdict.ts';
import { whole } from './whole.ts';

/** State that survives while the page is hidden; the subject also survives a reload of the window. */
interface Saved {
  readonly subject: DiffSubject | null;
  readonly view: FilteredView;
  readonly scroll: number;
}

const before = savedState() as Partial<Saved>;
let known: Known<DiffState> = { subject: null, a: null, b: null, result: null, busy: null, problem: null };
let view: FilteredView = { ...firstLayersView, ...before.view };
const restoreScroll = scrollOnce(before.scroll);

const said = announcer();
const top = header((request) => host.post(request), copy);
const totals = whole();
const table = layers(view, (next) => {
  view = next;
  save();
});
const speech = changedUtterances();
const content = make('main', { hidden: true }, top.element, totals.element, table.element, speech.element);
document.body.append(content, said.element);

const host = connectHost<FromDiff, Saved>(({ state }: ToDiff) => {
  known = merge(known, state);
  const { result } = known;
  content.hidden = false;
  top.update(known);
  for (const part of [totals, table]) part.element.hidden = result === null;
  speech.element.hidden = !result?.recognition;
  // Parts that the host does not send again are drawn already.
  if (state.result) {
    totals.update(state.result);
    table.update(state.result.layers);
    if (state.result.recognition) {
      speech.update(state.result.recognition);
      said.sayNow(verdictOf(state.result.recognition).headline);
    }
    restoreScroll();
  }
  save();
});
window.addEventListener('scroll', save, { passive: true });

function copy(): void {
  const { result, a, b } = known;
  if (!result) return;
  host.post({ kind: 'copy', text: diffAsText(result, a?.title ?? 'A', b?.title ?? 'B') });
  said.sayNow('Copied');
}

function save(): void {
  host.save({ subject: known.subject, view, scroll: window.scrollY });
}
