/** Plays utterances: requests the audio from the host and plays it from memory, one at a time. */

import type { ToEvaluation } from '../../src/protocol/views/evaluation.ts';
import { make } from '../ui/dom.ts';

type Sound = Extract<ToEvaluation, { kind: 'audio' }>;
type NoSound = Extract<ToEvaluation, { kind: 'noAudio' }>;

export interface Player {
  /** A button that plays an utterance in the `.player` of its table row. */
  readonly control: (index: number, id: string) => HTMLElement;
  readonly receive: (message: Sound | NoSound) => void;
  /** Stops the audio. Call it before the row is removed or another result is shown. */
  readonly stop: () => void;
}

export function player(ask: (index: number) => void): Player {
  let playing:
    | { readonly index: number; readonly id: string; readonly place: Element; url?: string; mixer?: AudioContext }
    | undefined;

  return {
    control(index, id) {
      // A plain button: the toolkit's take a millisecond each, and every row has one.
      const element = make('button', { type: 'button', class: 'play', 'aria-label': `Play ${id}` }, 'Play');
      element.addEventListener('click', () => play(index, id, element));
      return element;
    },
    receive(message) {
      if (playing?.index !== message.index) return;
      const { place, id } = playing;
      if (message.kind === 'noAudio') {
        place.replaceChildren(make('span', { class: 'quiet', role: 'alert' }, message.reason));
        return;
      }
      const { start, seconds, channel } = message;
      playing.url = URL.createObjectURL(new Blob([message.bytes], { type: message.type }));
      // A media fragment plays one utterance of a long recording.
      const part = start > 0 ? `#t=${start}${seconds === null ? '' : `,${start + seconds}`}` : '';
      const audio = make('audio', { controls: true, src: playing.url + part, 'aria-label': `Sound of ${id}` });
      place.replaceChildren(audio);
      if (channel !== undefined) playing.mixer = playOnly(audio, channel);
      // The editor may forbid audio without a click. The controls remain.
      void audio.play().catch(() => undefined);
    },
    stop,
  };

  function play(index: number, id: string, control: HTMLElement): void {
    const place = control.closest('tr')?.querySelector('.player');
    stop();
    if (!place) return;
    playing = { index, id, place };
    ask(index);
  }

  function stop(): void {
    if (playing === undefined) return;
    const { place, url, mixer } = playing;
    playing = undefined;
    // An audio element that left the page would keep playing.
    place.querySelector('audio')?.pause();
    place.replaceChildren();
    if (url !== undefined) URL.revokeObjectURL(url);
    void mixer?.close();
  }
}

/** Lets one channel of an audio element be heard, on all loudspeakers. */
function playOnly(audio: HTMLAudioElement, channel: number): AudioContext {
  const mixer = new AudioContext();
  const splitter = mixer.createChannelSplitter(Math.max(2, channel + 1));
  mixer.createMediaElementSource(audio).connect(splitter);
  splitter.connect(mixer.destination, channel);
  // A context that starts without a click is silent until something is played.
  audio.addEventListener('play', () => void mixer.resume());
  return mixer;
}
