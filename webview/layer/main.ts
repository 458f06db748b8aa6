/** The page of one layer: its sparsity and threshold over time, and its weights. */

import '../ui/ready.ts';
import '../ui/theme.css';
import './layer.css';
import type { FromLayer, LayerSubject, ToLayer } from '../../src/protocol/views/layer.ts';
import { make, oncePerFrame, setText } from '../ui/dom.ts';
import { connectHost } from '../ui/host.ts';
import { historyView } from './history.ts';
import { LayerStore } from './store.ts';
import { weightsView } from './weights.ts';

const store = new LayerStore();
const title = make('h1', { class: 'mono' });
const name = make('p', { class: 'quiet' });
const history = historyView();
const weights = weightsView(() => host.post({ kind: 'readWeights' }));
const content = make('main', { hidden: true }, make('header', {}, title, name), history.element, weights.element);
document.body.append(content);

const draw = oncePerFrame(() => {
  const { subject, subjectName, histogram } = store.known;
  content.hidden = subject === undefined;
  setText(title, subject?.layer ?? '');
  setText(name, subjectName ?? '');
  history.update(store.known);
  weights.update(histogram);
});

const host = connectHost<FromLayer, { readonly subject: LayerSubject }>((message: ToLayer) => {
  store.take(message);
  // The host reads the subject when it restores the panel after a reload of the window.
  if (message.kind === 'state' && message.state.subject) host.save({ subject: message.state.subject });
  draw();
});
