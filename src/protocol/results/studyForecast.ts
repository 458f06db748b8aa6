/** The output of `pinch study --dry-run`: what there is to do, and what it takes. */

import * as v from 'valibot';
import { amount, count, text, type Shape } from '../schema.ts';
import { methodName } from './study.ts';

/** The runs of one method. */
const methodForecast = v.object({
  method: methodName,
  runs: count,
  /** Of these, those that are trained. */
  done: count,
  steps: count,
  /** Of one run, its evaluations on the development set and checkpoints included. */
  seconds: amount,
  /** Whether the time is from steps that the study has made; otherwise it is estimated. */
  measured: v.boolean(),
  /** Of one run, in bytes; disk at its largest. */
  memoryBytes: amount,
  diskBytes: amount,
});
export type MethodForecast = Shape<typeof methodForecast>;

const modelForecast = v.object({
  name: text,
  device: text,
  methods: v.array(methodForecast),
  /** To evaluate one model on all sets. */
  evaluationSeconds: amount,
  /** What is left: all runs that are not trained yet, one after the other, and their evaluations. */
  seconds: amount,
  /** Of the largest run. */
  memoryBytes: amount,
  /** Of all runs. */
  diskBytes: amount,
});
export type ModelForecast = Shape<typeof modelForecast>;

export const studyForecast = v.object({
  study: text,
  runs: count,
  done: count,
  /** The names of the sets, development sets first. */
  sets: v.array(text),
  models: v.array(modelForecast),
  seconds: amount,
  memoryBytes: amount,
  diskBytes: amount,
  /** Why this machine cannot do it, in sentences. */
  problems: v.array(text),
});
export type StudyForecast = Shape<typeof studyForecast>;
