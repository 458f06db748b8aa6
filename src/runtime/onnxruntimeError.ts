/** Turns onnxruntime's errors into one sentence. */

/** onnxruntime cannot load or run a model. The message names the model and, where known, the node. */
export class OnnxruntimeError extends Error {
  override readonly name = 'OnnxruntimeError';
  /** onnxruntime's original message, for a log. */
  readonly ownWords: string;
  /** The reason within its message. */
  readonly reason: string;

  /**
   * @param subject the object of the work, as the start of a sentence: the model's path, or the name of a graph of ours.
   * @param doing the work that failed.
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

/** onnxruntime puts its source file, line and function, and perhaps a failed condition, in front of the reason. */
const place = /^\S+\.(?:cc|cpp|cu|cuh|h|hpp):\d+ /u;
const longestReason = 300;

function reasonIn(text: string): string {
  const [first = ''] = text.split('\n');
  const status = first.split('Status Message: ').at(-1) ?? first;
  const bare = status.replace(/^\[ONNXRuntimeError\] : \d+ : \w+ : /u, '').replace(/^Exception during \w+: /u, '');
  const [, failed] = /was false\. ?(.*)$/u.exec(bare) ?? [];
  // A function's name, with or without parameters.
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
