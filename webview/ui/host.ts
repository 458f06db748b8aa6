/** Messages between a page and its host in the editor, and the state that survives while the page is hidden. */

export interface Host<Out, Saved> {
  readonly post: (message: Out) => void;
  /** Saves the state for the page's return. Several calls in a row cost one. */
  readonly save: (state: Saved) => void;
}

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): EditorApi;

/** The editor gives its interface only once. */
let editor: EditorApi | undefined;
export const api = (): EditorApi => (editor ??= acquireVsCodeApi());

const saveAfter = 100;

/**
 * The state that was saved before the page was hidden; empty at first. Read it before `connectHost`.
 * An older version of the page may have written it, so use only the fields that fit.
 */
export function savedState(): Readonly<Record<string, unknown>> {
  const state = api().getState();
  return typeof state === 'object' && state !== null ? (state as Record<string, unknown>) : {};
}

/**
 * Listens for the host's messages. The first one answers what `ready.ts` sent, or came before it.
 * @param onMessage receives the host's messages of the page's protocol; nobody else can send to a page.
 */
export function connectHost<Out extends { readonly kind: string }, Saved>(
  onMessage: (message: never) => void,
): Host<Out, Saved> {
  window.addEventListener('message', (event: MessageEvent<unknown>) => onMessage(event.data as never));
  let timer: number | undefined;
  return {
    post: (message) => api().postMessage(message),
    save(state) {
      clearTimeout(timer);
      timer = setTimeout(() => api().setState(state), saveAfter);
    },
  };
}
