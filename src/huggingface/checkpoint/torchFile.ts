/** The tensors of a file that torch.save wrote of a state dict: a zip file with a pickle that describes them, and their storages. */

import { quoted, WeightFileError } from '../../base/errors.ts';
import { bytesPerElement } from '../../onnx/graph/tensor.ts';
import type { Checkpoint, CheckpointTensor } from './checkpoint.ts';
import { PickleProblem, readStateDict, type TensorView } from './stateDictPickle.ts';
import { elementCount, reach, storedTensor } from './storedElements.ts';
import { WeightFile } from './weightFile.ts';
import { zipEntries, type ZipEntry } from './zipEntries.ts';

/** Bytes: a pickle has some 250 for each tensor. */
const longestPickle = 16_000_000;

/** Bytes that tensors may have in common before their file counts as hostile: layers that share weights have them twice. */
const mostShared = 200_000_000;

/** Before version 1.6: a pickle with this number (torch/serialization.py, MAGIC_NUMBER), others behind it. */
const olderForm = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex');

/** Local file header of a zip file. */
const zipStart = Buffer.from('PK\x03\x04', 'latin1');

/** @throws WeightFileError if it is damaged, of the form before PyTorch 1.6, or has anything but tensors in its pickle. */
export async function openTorchFile(path: string): Promise<Checkpoint> {
  const file = await WeightFile.open(path);
  try {
    await checkForm(file);
    const entries = await zipEntries(file);
    const { root, pickle } = findPickle(path, entries);
    await checkByteOrder(file, entries.get(`${root}/byteorder`));
    if (pickle.size > longestPickle) throw new WeightFileError(path, 'its pickle is longer than that of any model');
    const tensors = new Map<string, CheckpointTensor>();
    let claimed = 0;
    for (const [name, view] of stateDict(path, await readEntry(file, pickle))) {
      const entry = entries.get(`${root}/data/${view.storage.key}`);
      tensors.set(name, locate(file, name, view, entry));
      claimed += elementCount(view.dims) * bytesPerElement(view.storage.type);
      // Many names for one storage would make a small file a large model.
      if (claimed > file.size + mostShared) {
        throw new WeightFileError(path, 'its tensors are together larger than the file, so this is no model');
      }
    }
    return { files: [path], tensors, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function checkForm(file: WeightFile): Promise<void> {
  const start = Buffer.alloc(Math.min(file.size, 32));
  await file.read(start, 0);
  if (start.subarray(0, zipStart.length).equals(zipStart)) return;
  throw new WeightFileError(
    file.path,
    start.includes(olderForm)
      ? 'this is the form of PyTorch before version 1.6; load it with torch.load and save it again with torch.save'
      : 'this is no file that torch.save wrote',
  );
}

/** The one entry `<root>/data.pkl`. */
function findPickle(path: string, entries: ReadonlyMap<string, ZipEntry>): { root: string; pickle: ZipEntry } {
  const found = Array.from(entries).filter(([name]) => /^[^/]+\/data\.pkl$/u.test(name));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new WeightFileError(path, 'this zip file holds no tensors: there must be one data.pkl in it');
  }
  return { root: only[0].slice(0, only[0].indexOf('/')), pickle: only[1] };
}

/** Written since PyTorch 2.1; before, and for most since, it is little. */
async function checkByteOrder(file: WeightFile, entry: ZipEntry | undefined): Promise<void> {
  if (!entry) return;
  const order = entry.size > 16 ? '' : (await readEntry(file, entry)).toString('latin1');
  if (order !== 'little') {
    throw new WeightFileError(
      file.path,
      'its numbers have the byte order of another processor; save it again on an ordinary one',
    );
  }
}

async function readEntry(file: WeightFile, { start, size, isPlain }: ZipEntry): Promise<Buffer> {
  if (!isPlain) throw compressed(file);
  const bytes = Buffer.alloc(size);
  await file.read(bytes, start);
  return bytes;
}

const compressed = (file: WeightFile): WeightFileError =>
  new WeightFileError(
    file.path,
    'the zip file is compressed, which torch.save never does; save it again with torch.save',
  );

function stateDict(path: string, pickle: Uint8Array): ReadonlyMap<string, TensorView> {
  try {
    return readStateDict(pickle);
  } catch (error) {
    throw error instanceof PickleProblem ? new WeightFileError(path, error.message, error) : error;
  }
}

/** @throws WeightFileError if the tensor has no storage, or reaches outside it. */
function locate(
  file: WeightFile,
  name: string,
  { storage, offset, dims, strides }: TensorView,
  entry: ZipEntry | undefined,
): CheckpointTensor {
  const damaged = (problem: string): WeightFileError =>
    new WeightFileError(file.path, `it is damaged: tensor ${quoted(name)} ${problem}`);
  if (!entry) throw damaged(`has no data in the zip file (${quoted(storage.key)})`);
  if (!entry.isPlain) throw compressed(file);
  const width = bytesPerElement(storage.type);
  if (storage.length * width > entry.size) throw damaged('needs more bytes than its data has');
  const length = dims.includes(0) ? 0 : reach(dims.map((dim, i) => ({ dim, stride: strides[i] ?? 0 })));
  if (offset + length > storage.length) throw damaged('reaches outside its data');
  // With a stride of 0 a single element would do for any shape.
  if (elementCount(dims) > storage.length) throw damaged('has more elements than its data');
  return storedTensor(file, { name, dtype: storage.type, dims, strides, start: entry.start + offset * width });
}
