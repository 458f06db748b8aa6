/** Plays an utterance: asks the host for its sound, and plays it from memory. One at a time. */

import type { ToEvaluation } from '../../src/protocol/views/evaluation.ts';
import { button } from '../ui/controls.ts';
import { make } from '../ui/dom.ts';

type Sound = Extract<ToEvaluation, { kind: 'audio' }>;
type NoSound = Extract<ToEvaluation, { kind: 'noAudio' }>;

export interface Player {
  /** What stands in an utterance's row: a button, then the player. */
  readonly control: (index: number, id: string) => HTMLElement;
  readonly receive: (message: Sound | NoSound) => void;
  /** Another result is shown. */
  readonly reset: () => void;
}

export function player(ask: (index: number) => void): Player {
  let playing: { readonly index: number; readonly place: HTMLElement; readonly id: string; url?: string } | undefined;

  return {
    control(index, id) {
      const place = make('div', { class: 'player' });
      place.append(playButton(index, id, place));
      return place;
    },
    receive(message) {
      if (playing?.index !== message.index) return;
      if (message.kind === 'noAudio') {
        playing.place.replaceChildren(make('span', { class: 'quiet', role: 'alert' }, message.reason));
        playing = undefined;
        return;
      }
      const { start, seconds } = message;
      playing.url = URL.createObjectURL(new Blob([message.bytes], { type: message.type }));
      // A media fragment plays one utterance out of a long recording.
      const part = start > 0 ? `#t=${start}${seconds === null ? '' : `,${start + seconds}`}` : '';
      const audio = make('audio', { controls: true, src: playing.url + part, 'aria-label': `Sound of ${playing.id}` });
      playing.place.replaceChildren(audio);
      audio.focus();
      // The editor may forbid sound without a click; the controls are there.
      void audio.play().catch(() => undefined);
    },
    reset: stop,
  };

  function playButton(index: number, id: string, place: HTMLElement): HTMLElement {
    const element = button({ label: 'Play', onClick: () => play(index, id, place) });
    element.setAttribute('aria-label', `Play ${id}`);
    return element;
  }

  function play(index: number, id: string, place: HTMLElement): void {
    stop();
    playing = { index, place, id };
    ask(index);
  }

  function stop(): void {
    if (playing === undefined) return;
    const { index, place, id, url } = playing;
    playing = undefined;
    place.replaceChildren(playButton(index, id, place));
    if (url !== undefined) URL.revokeObjectURL(url);
  }
}
