/** What onnxruntime says when it fails, as one sentence of ours. */

/** onnxruntime cannot load a model or run it. The message names the model and, where it is known, the node. */
export class OnnxruntimeError extends Error {
  override readonly name = 'OnnxruntimeError';
  /** onnxruntime's message as it was: for a log, not for a sentence. */
  readonly ownWords: string;
  /** The part of its message that says why. */
  readonly reason: string;

  /**
   * @param subject what it worked on, as a sentence may begin: the model's path, or the name of a graph of ours.
   * @param doing what it could not do.
   */
  constructor(subject: string, doing: 'load' | 'run', cause: unknown) {
    const ownWords = withoutColours(cause instanceof Error ? cause.message : String(cause));
    const node = /running (\S+) node\. Name:'([^']*)'/u.exec(ownWords);
    const reason = withoutStart(reasonIn(ownWords), `${node?.[1] ?? ''} : `);
    const size = /Failed to allocate memory for requested buffer of size (\d+)/u.exec(ownWords)?.[1];
    const noMemory = size !== undefined || /bad_?\s?alloc|out of memory/iu.test(ownWords);
    const at = node ? ` at the node "${node[2] ?? ''}" (${node[1] ?? ''})` : '';
    super(
      noMemory
        ? `${subject}: there is not enough memory to ${doing} it${size === undefined ? '' : `; ${byteSize(Number(size))} more were needed${at}`}.`
        : `${subject}: onnxruntime ${doing === 'load' ? 'cannot load it' : `stopped${at}`}: ${reason}.`,
      { cause },
    );
    this.ownWords = ownWords;
    this.reason = reason;
  }
}

/** In front of the reason onnxruntime puts its place in its own source: file, line and function, maybe with a condition that failed. */
const place = /^\S+\.(?:cc|cpp|cu|cuh|h|hpp):\d+ /u;
const longestReason = 300;

function reasonIn(text: string): string {
  const [first = ''] = text.split('\n');
  const status = first.split('Status Message: ').at(-1) ?? first;
  const bare = status.replace(/^\[ONNXRuntimeError\] : \d+ : \w+ : /u, '').replace(/^Exception during \w+: /u, '');
  const [, failed] = /was false\. ?(.*)$/u.exec(bare) ?? [];
  // A function's name with its parameters, or alone.
  const said =
    failed || (place.test(bare) ? bare.replace(place, '').replace(/^(?:[^()]*\([^()]*\) |\S+ )/u, '') : bare);
  const reason = said.trim().replace(/[.\s]+$/u, '');
  return reason.length > longestReason ? `${reason.slice(0, longestReason)} …` : reason;
}

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text;
}

function withoutColours(text: string): string {
  return text.replace(/\u001b\[[\d;]*m/gu, '').trim();
}
import { byteSize } from '../base/format.ts';
