/** What a study's runs are made from, with the checksums that tell whether something has changed. */

import { stat } from 'node:fs/promises';
import { reasonOf } from '../base/errors.ts';
import { loadModel } from '../onnx/file/load.ts';
import { hashModel } from '../onnx/folder/modelFiles.ts';
import type { RunFile } from '../protocol/records.ts';
import { describeRun } from '../runfolder/inputs.ts';
import { hashManifest } from '../speech/manifest/hash.ts';
import { steeringSet, StudyFileError, type Study } from './file/studyFile.ts';
import type { RunTask } from './plan.ts';

type Shared = Omit<RunFile, 'settings'>;

export class StudyInputs {
  private readonly shared: Shared;
  private readonly models: ReadonlyMap<string, string>;
  private readonly sets: ReadonlyMap<string, string>;

  private constructor(shared: Shared, models: ReadonlyMap<string, string>, sets: ReadonlyMap<string, string>) {
    this.shared = shared;
    this.models = models;
    this.sets = sets;
  }

  /** @param first any run of the study. @throws Error if a model or a manifest cannot be read. */
  static async of(study: Study, first: RunTask): Promise<StudyInputs> {
    const shared = await describeRun(first.settings);
    const models = new Map([[first.model, shared.checksums.model]]);
    for (const { name, path } of study.models) {
      if (!models.has(name)) models.set(name, await hashModel(await loadModel(path)));
    }
    const sets = new Map([[steeringSet(study).name, shared.checksums.dev ?? '']]);
    for (const { name, manifest } of study.sets) {
      if (!sets.has(name)) sets.set(name, await hashManifest(manifest));
    }
    return new StudyInputs(shared, models, sets);
  }

  /** The fields that every run.json of the study shares. */
  get versions(): Pick<Shared, 'pinch' | 'onnxruntime'> {
    return this.shared;
  }

  get train(): string {
    return this.shared.checksums.train;
  }

  /** run.json of a model's runs, without the settings. */
  ofRun(model: string): Shared {
    return { ...this.shared, checksums: { ...this.shared.checksums, model: this.modelChecksum(model) } };
  }

  modelChecksum(model: string): string {
    return known(this.models, model);
  }

  /** SHA-256 of the entries of a set's manifest. */
  checksumOf(set: string): string {
    return known(this.sets, set);
  }
}

function known(checksums: ReadonlyMap<string, string>, name: string): string {
  const checksum = checksums.get(name);
  if (checksum === undefined) throw new RangeError(`The study has no ${name}.`);
  return checksum;
}

/** @throws StudyFileError naming the first path of the file that is not there. */
export async function refuseMissing({ file, models, train, sets }: Study): Promise<void> {
  const paths = [
    ...models.map(({ name, path, prefix }) => [prefix === '' ? 'model' : `models: ${name}`, path] as const),
    ['train', train] as const,
    ...sets.map(({ name, kind, manifest }) => [name === kind ? kind : `${kind}: ${name}`, manifest] as const),
  ];
  for (const [key, path] of paths) {
    await stat(path).catch((error: unknown) => {
      throw new StudyFileError(`${file}: "${key}": ${path}: ${reasonOf(error)}.`);
    });
  }
}
