/** Requests to a live trainer: one JSON object per line, one line of reply each, in order. */

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

/** Maximum length of a request. A longer one is not from Pinch. */
export const longestRequest = 1024;

/** @throws RecordError if the line is not a request. */
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

/** Maximum length of a reply. */
export const longestReply = 65_536;

/** @throws RecordError if the line is not a reply. */
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
