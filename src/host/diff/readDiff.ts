/** Checks what `pinch diff --json` printed, and makes of it what the page shows. */

import * as v from 'valibot';
import type { ChangedUtterance, DiffResult } from '../../protocol/views/diff.ts';
import { alignTexts } from '../evaluation/hypotheses.ts';
import { mapInSlices } from '../evaluation/inSlices.ts';

/** Utterances sent to the page; who wants to read more than these reads the files. */
const mostUtterances = 2000;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.finite());
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const text = v.string();

const totals = v.object({
  parameters: count,
  nonZeroParameters: count,
  sparsity: share,
  gated: v.object({ sparsity: share }),
  bytes: count,
  nodes: count,
});

const side = v.object({ shape: v.array(count), parameters: count, sparsity: share, threshold: v.nullable(amount) });

const layer = v.object({
  name: text,
  gated: v.boolean(),
  a: v.nullable(side),
  b: v.nullable(side),
  changed: v.nullable(share),
  overlap: v.nullable(share),
});

const wordErrors = v.object({ wer: amount, cer: amount, errors: count, words: count });
const recognized = v.object({ text, errors: count });

const diffOutput = v.object({
  a: totals,
  b: totals,
  layers: v.array(layer),
  vectors: v.array(layer),
  operators: v.array(v.object({ operator: text, a: count, b: count })),
  recognition: v.nullable(
    v.object({
      data: text,
      utterances: count,
      a: wordErrors,
      b: wordErrors,
      verdict: v.picklist(['worse', 'same', 'better', 'undecided']),
      reason: v.optional(text),
      mapsswe: v.optional(v.object({ segments: count, z: amount, p: amount })),
      bootstrap: v.optional(v.object({ difference: amount, low: amount, high: amount })),
      fewer: count,
      more: count,
      changed: v.array(v.object({ id: text, reference: text, a: recognized, b: recognized })),
    }),
  ),
});

/**
 * @param nameOf a manifest, for people.
 * @throws Error if the output is none of the command's.
 */
export async function readDiff(output: unknown, nameOf: (path: string) => string): Promise<DiffResult> {
  const parsed = v.safeParse(diffOutput, output, { abortEarly: true });
  if (!parsed.success) {
    throw new Error(`The result of pinch diff cannot be read: "${v.getDotPath(parsed.issues[0]) ?? 'it'}" is wrong.`);
  }
  const { a, b, layers, vectors, operators, recognition } = parsed.output;
  return {
    a: { ...a, gatedSparsity: a.gated.sparsity },
    b: { ...b, gatedSparsity: b.gated.sparsity },
    layers,
    vectors: { total: vectors.length, differ: vectors.filter(({ changed }) => changed !== 0).length },
    operators,
    recognition: recognition && { ...(await forPage(recognition)), data: nameOf(recognition.data) },
  };
}

type Recognition = NonNullable<v.InferOutput<typeof diffOutput>['recognition']>;

async function forPage(recognition: Recognition): Promise<NonNullable<DiffResult['recognition']>> {
  const { changed, reason, mapsswe, bootstrap, ...rest } = recognition;
  const shown = await mapInSlices(changed.slice(0, mostUtterances), ({ id, reference, a, b }): ChangedUtterance => ({
    id,
    a: { ...alignTexts(reference, a.text), errors: a.errors },
    b: { ...alignTexts(reference, b.text), errors: b.errors },
  }));
  return {
    ...rest,
    reason: reason ?? null,
    mapsswe: mapsswe ?? null,
    bootstrap: bootstrap ?? null,
    changed: shown,
  };
}
