/** The line from a page to its host in the editor, and what of the page survives while it is hidden. */

export interface Host<Out, Saved> {
  readonly post: (message: Out) => void;
  /** Keeps the state for when the page comes back; several in a row cost one. */
  readonly save: (state: Saved) => void;
}

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): EditorApi;

/** The editor gives its interface once only. */
let editor: EditorApi | undefined;
const api = (): EditorApi => (editor ??= acquireVsCodeApi());

const saveAfter = 100;

/**
 * What was saved before the page was hidden; undefined at first. Read it before `connectHost`.
 * It is what this page wrote, maybe an older version of it: take what fits.
 */
export function savedState(): Readonly<Record<string, unknown>> {
  const state = api().getState();
  return typeof state === 'object' && state !== null ? (state as Record<string, unknown>) : {};
}

/**
 * Listens, then speaks first: the host answers `ready` with the whole state.
 * @param onMessage takes what the page's protocol says the host sends; nobody else can send to a page.
 */
export function connectHost<Out extends { readonly kind: string }, Saved>(
  onMessage: (message: never) => void,
): Host<Out, Saved> {
  window.addEventListener('message', (event: MessageEvent<unknown>) => onMessage(event.data as never));
  let timer: number | undefined;
  api().postMessage({ kind: 'ready' });
  return {
    post: (message) => api().postMessage(message),
    save(state) {
      clearTimeout(timer);
      timer = setTimeout(() => api().setState(state), saveAfter);
    },
  };
}
