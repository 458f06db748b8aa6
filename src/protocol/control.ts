/** What a trainer can be told and asked while it runs: one JSON object a line, one line back for each, in order. */

import * as v from 'valibot';
import { RecordError, runState, type RunState } from './records.ts';

export type ControlRequest =
  /** Finish the step, write a checkpoint and end. */
  | { readonly kind: 'stop' }
  /** Write a checkpoint after this step. */
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'status' };

export type ControlReply =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'status'; readonly state: RunState }
  | { readonly kind: 'refused'; readonly message: string };

const request = v.strictObject({ kind: v.picklist(['stop', 'checkpoint', 'status']) });

/** A request's line is never longer; what sends more is no friend. */
export const longestRequest = 1024;

/** @throws RecordError if the line is no request. */
export function parseControlRequest(line: string): ControlRequest {
  try {
    return v.parse(request, JSON.parse(line));
  } catch {
    throw new RecordError('not a request: expected {"kind":"stop"}, {"kind":"checkpoint"} or {"kind":"status"}');
  }
}

const reply = v.variant('kind', [
  v.object({ kind: v.literal('accepted') }),
  v.object({ kind: v.literal('status'), state: runState }),
  v.object({ kind: v.literal('refused'), message: v.string() }),
]);

/** A reply's line is never longer. */
export const longestReply = 65_536;

/** @throws RecordError if the line is no reply. */
export function parseControlReply(line: string): ControlReply {
  try {
    return v.parse(reply, JSON.parse(line));
  } catch {
    throw new RecordError('not a reply of a trainer');
  }
}

/** A message as a line, newline included. */
export function controlLine(message: ControlRequest | ControlReply): string {
  return `${JSON.stringify(message)}\n`;
}
