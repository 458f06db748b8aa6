/** What every family is to the importer, and how one is declared. */

import * as v from 'valibot';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { frameMask, type FrameMask } from '../blocks/attentionMask.ts';
import type { Module } from '../blocks/module.ts';
import { commonMisfit, type CommonConfig, type FeatureEncoderConfig } from '../config.ts';

export interface Inputs {
  /** float32 [batch, samples] */
  readonly inputValues: ValueName;
  /** int64 [batch, samples], 1 where there is audio; undefined for models that are not told. */
  readonly attentionMask: ValueName | undefined;
}

/** A config.json's content, once it is checked, and how the model that it describes is written. */
export interface ConfiguredModel {
  readonly config: CommonConfig;
  /** Channels of what goes into the head. */
  readonly headSize: number;
  /** What is wrong between the fields of the configuration; undefined if they fit together. */
  readonly misfit: string | undefined;
  /** Writes the model with its head. @returns its logits [batch, frames, symbols] */
  readonly logits: (m: Module, inputs: Inputs) => ValueName;
  /** The same model with a head for another number of symbols. */
  readonly withSymbols: (count: number) => ConfiguredModel;
}

export interface Family {
  /** config.json's `model_type`. */
  readonly modelType: string;
  /** The architecture with a CTC head. */
  readonly forCTC: string;
  /** Those without one. */
  readonly pretrained: readonly string[];
  /** What names of parameters begin with, but the head's. */
  readonly base: string;
  /** config.json's schema. */
  readonly schema: v.GenericSchema<unknown, ConfiguredModel>;
}

export interface FamilyParts<C extends CommonConfig> extends Omit<Family, 'schema'> {
  readonly config: v.GenericSchema<unknown, C>;
  /** By default the hidden size. */
  readonly headSize?: (config: C) => number;
  /** What is wrong between the family's own fields. */
  readonly misfit?: (config: C) => string | undefined;
  readonly logits: (m: Module, inputs: Inputs, config: C) => ValueName;
}

/** Declares a family. */
export function family<C extends CommonConfig>(parts: FamilyParts<C>): Family {
  const { config: schema, headSize, misfit, logits, ...names } = parts;
  const configured = (config: C): ConfiguredModel => ({
    config,
    headSize: headSize?.(config) ?? config.hidden_size,
    misfit: commonMisfit(config) ?? misfit?.(config),
    logits: (m, inputs) => logits(m, inputs, config),
    withSymbols: (count) => configured({ ...config, vocab_size: count }),
  });
  return { ...names, schema: v.pipe(schema, v.transform(configured)) };
}

/** The frames' mask, from that of the samples, for features that are [batch, frames, channels]. */
export function maskOf(
  m: Module,
  { attentionMask }: Inputs,
  features: ValueName,
  config: FeatureEncoderConfig,
): FrameMask | undefined {
  return attentionMask === undefined ? undefined : frameMask(m, attentionMask, features, config);
}
