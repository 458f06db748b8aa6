/**
 * Reads the pickle of a state dict: tensors by name, nothing else.
 *
 * A pickle is a program for a machine with a stack. This machine knows the operations and the names that `torch.save(model.state_dict())`
 * writes, and refuses all others; its values are plain data, and it has nothing that could be called. Libraries that read any pickle
 * (pickleparser) build objects as the file says, with the file's own names as their methods, and as many as it likes.
 *
 * Operations: Python's Lib/pickletools.py. Names and their arguments: torch/_utils.py, torch/serialization.py (version 2.13).
 */

import { quoted } from '../../base/errors.ts';
import type { DataType } from '../../onnx/graph/tensor.ts';

/** An array of elements that tensors are views of. */
export interface Storage {
  readonly kind: 'storage';
  readonly type: DataType;
  /** Names the entry of the zip file that holds it. */
  readonly key: string;
  /** How many elements. */
  readonly length: number;
}

/** A view of a storage. Not yet checked against it. */
export interface TensorView {
  readonly kind: 'tensor';
  readonly storage: Storage;
  /** All in elements, whole and not negative; `dims` and `strides` are of one length. */
  readonly offset: number;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
}

/** What is wrong with a pickle, as a part of a sentence. */
export class PickleProblem extends Error {
  override readonly name = 'PickleProblem';
}

interface Tuple {
  readonly kind: 'tuple';
  readonly items: readonly Value[];
}

/** `dict` or `OrderedDict`: keys and values by turns. An array: a map takes three times the memory, which a hostile pickle would use. */
interface Dict {
  readonly kind: 'dict';
  readonly items: Value[];
}

/** One of `names`. */
interface Name {
  readonly kind: 'name';
  readonly name: string;
}

type Value = null | boolean | number | string | Tuple | Dict | Name | Storage | TensorView;

const storageTypes: ReadonlyMap<string, DataType> = new Map([
  ['torch.FloatStorage', 'float32'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.ShortStorage', 'int16'],
  ['torch.IntStorage', 'int32'],
  ['torch.LongStorage', 'int64'],
  ['torch.BoolStorage', 'bool'],
]);

const orderedDict = 'collections.OrderedDict';
const rebuildTensor = 'torch._utils._rebuild_tensor_v2';
const rebuildParameter = 'torch._utils._rebuild_parameter';
const names: ReadonlySet<string> = new Set([...storageTypes.keys(), orderedDict, rebuildTensor, rebuildParameter]);

/** Each operation makes at most a hundred bytes or so of objects. A tensor takes 35: this is some 28,000 tensors. */
const mostOperations = 1_000_000;

/** More axes than PyTorch allows. */
const mostAxes = 64;

/**
 * The tensors of a pickled state dict, in its order.
 * @throws PickleProblem if it is damaged, or has anything else in it.
 */
export function readStateDict(pickle: Uint8Array): ReadonlyMap<string, TensorView> {
  const top = new Machine(pickle).run();
  if (!isKind(top, 'dict')) throw new PickleProblem('it holds no tensors by name; save model.state_dict() alone');
  const tensors = new Map<string, TensorView>();
  for (let i = 0; i < top.items.length; i += 2) {
    const [name, value] = [top.items[i], top.items[i + 1]];
    if (typeof name !== 'string') throw new PickleProblem('it has a tensor whose name is no text');
    if (!isKind(value, 'tensor')) {
      throw new PickleProblem(`what it holds as ${quoted(name)} is no tensor; save model.state_dict() alone`);
    }
    tensors.set(name, value);
  }
  return tensors;
}

class Machine {
  readonly #bytes: Buffer;
  #position = 0;
  #stack: Value[] = [];
  /** Heights of the stack at each open mark. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Value>();

  constructor(pickle: Uint8Array) {
    this.#bytes = Buffer.from(pickle.buffer, pickle.byteOffset, pickle.byteLength);
  }

  run(): Value {
    for (let operations = 0; operations < mostOperations; operations++) {
      const code = this.#unsigned(1);
      if (code === stop) return this.#pop();
      const value = this.#operate(code);
      if (value !== undefined) this.#stack.push(value);
    }
    throw new PickleProblem('its pickle is longer than that of any model');
  }

  /** Does one operation. @returns what it puts on the stack; undefined if nothing. */
  #operate(code: number): Value | undefined {
    switch (String.fromCharCode(code)) {
      case '\x80': // PROTO
        if (this.#unsigned(1) > 5) throw damaged('it is of an unknown version');
        return undefined;
      case '\x95': // FRAME: the length of what follows
        this.#take(8);
        return undefined;

      case 'N': // NONE
        return null;
      case '\x88': // NEWTRUE
        return true;
      case '\x89': // NEWFALSE
        return false;
      case 'J': // BININT
        return this.#take(4).readInt32LE();
      case 'K': // BININT1
        return this.#unsigned(1);
      case 'M': // BININT2
        return this.#unsigned(2);
      case '\x8a': // LONG1
        return this.#long(this.#unsigned(1));
      case 'X': // BINUNICODE
        return this.#take(this.#unsigned(4)).toString('utf8');
      case '\x8c': // SHORT_BINUNICODE
        return this.#take(this.#unsigned(1)).toString('utf8');

      case '(': // MARK
        this.#marks.push(this.#stack.length);
        return undefined;
      case ')': // EMPTY_TUPLE
        return { kind: 'tuple', items: [] };
      case '\x85': // TUPLE1
        return { kind: 'tuple', items: this.#popItems(1) };
      case '\x86': // TUPLE2
        return { kind: 'tuple', items: this.#popItems(2) };
      case '\x87': // TUPLE3
        return { kind: 'tuple', items: this.#popItems(3) };
      case 't': // TUPLE
        return { kind: 'tuple', items: this.#popMarked() };
      case '}': // EMPTY_DICT
        return { kind: 'dict', items: [] };
      case 's': // SETITEM
        this.#setItems(this.#popItems(2));
        return undefined;
      case 'u': // SETITEMS
        this.#setItems(this.#popMarked());
        return undefined;

      case 'q': // BINPUT
        this.#memo.set(this.#unsigned(1), this.#top());
        return undefined;
      case 'r': // LONG_BINPUT
        this.#memo.set(this.#unsigned(4), this.#top());
        return undefined;
      case '\x94': // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return undefined;
      case 'h': // BINGET
        return this.#recall(this.#unsigned(1));
      case 'j': // LONG_BINGET
        return this.#recall(this.#unsigned(4));

      case 'c': // GLOBAL
        return known(`${this.#line()}.${this.#line()}`);
      case '\x93': {
        // STACK_GLOBAL
        const [module, name] = this.#popItems(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw damaged('a name in it is no text');
        return known(`${module}.${name}`);
      }
      case 'Q': // BINPERSID
        return storage(this.#pop());
      case 'R': {
        // REDUCE: in Python a call
        const [name, given] = this.#popItems(2);
        if (!isKind(name, 'name') || !isKind(given, 'tuple')) throw damaged('it calls what is no function');
        return made(name.name, given.items);
      }
      case 'b': // BUILD: attributes of an object. Those of a state dict are the versions of the modules.
        this.#pop();
        if (!isKind(this.#top(), 'dict')) throw damaged('it gives attributes to something else than a dict');
        return undefined;
      default:
        throw new PickleProblem(
          `its pickle has the operation 0x${code.toString(16).padStart(2, '0')} at byte ${this.#position - 1}, which no state dict needs, so nothing of it was run`,
        );
    }
  }

  #setItems(items: readonly Value[]): void {
    const dict = this.#top();
    if (!isKind(dict, 'dict') || items.length % 2 !== 0) throw damaged('it puts items into something else than a dict');
    for (const item of items) dict.items.push(item);
  }

  /** The bottom of what an open mark protects. */
  get #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #top(): Value {
    const value = this.#stack.at(-1);
    if (value === undefined || this.#stack.length <= this.#floor) throw damaged('it takes more than there is');
    return value;
  }

  #pop(): Value {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popItems(count: number): Value[] {
    if (this.#stack.length - count < this.#floor) throw damaged('it takes more than there is');
    return this.#stack.splice(-count);
  }

  #popMarked(): Value[] {
    const height = this.#marks.pop();
    if (height === undefined) throw damaged('it ends a list that it has not begun');
    return this.#stack.splice(height);
  }

  #recall(index: number): Value {
    const value = this.#memo.get(index);
    if (value === undefined) throw damaged('it refers to something that it does not have');
    return value;
  }

  #take(length: number): Buffer {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw damaged('it ends too early');
    const bytes = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return bytes;
  }

  #unsigned(width: number): number {
    return this.#take(width).readUIntLE(0, width);
  }

  /** A whole number of `width` bytes, in two's complement. */
  #long(width: number): number {
    if (width === 0) return 0;
    if (width > 8) throw damaged('a number in it is too large');
    const bytes = Buffer.alloc(8, (this.#bytes[this.#position + width - 1] ?? 0) >= 0x80 ? 0xff : 0);
    bytes.set(this.#take(width));
    const value = Number(bytes.readBigInt64LE());
    if (!Number.isSafeInteger(value)) throw damaged('a number in it is too large');
    return value;
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end === -1) throw damaged('it ends too early');
    const line = this.#take(end - this.#position).toString('utf8');
    this.#position++;
    return line;
  }
}

const stop = '.'.charCodeAt(0);

const damaged = (problem: string): PickleProblem => new PickleProblem(`it is damaged: in its pickle, ${problem}`);

function isKind<K extends string>(value: Value | undefined, kind: K): value is Extract<Value, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

function known(name: string): Name {
  if (names.has(name)) return { kind: 'name', name };
  throw new PickleProblem(
    `its pickle names ${quoted(name)}, which is no part of tensors by name, so nothing of it was run; save model.state_dict() alone`,
  );
}

/** `('storage', torch.FloatStorage, '0', 'cpu', 24)`. */
function storage(id: Value): Storage {
  const [tag, type, key, , length] = isKind(id, 'tuple') ? id.items : [];
  const dataType = isKind(type, 'name') ? storageTypes.get(type.name) : undefined;
  if (tag !== 'storage' || dataType === undefined || typeof key !== 'string' || !isCount(length)) {
    throw damaged('a storage has no type, name and length');
  }
  return { kind: 'storage', type: dataType, key, length };
}

/** What Python would get from calling `name`: known, so only ever one of these. */
function made(name: string, given: readonly Value[]): Value {
  const [first, offset, dims, strides] = given;
  switch (name) {
    case orderedDict:
      if (given.length > 0) break;
      return { kind: 'dict', items: [] };
    case rebuildParameter:
      if (!isKind(first, 'tensor')) break;
      return first;
    case rebuildTensor: {
      const [size, steps] = [counts(dims), counts(strides)];
      if (!isKind(first, 'storage') || !isCount(offset) || !size || size.length !== steps?.length) break;
      return { kind: 'tensor', storage: first, offset, dims: size, strides: steps };
    }
  }
  throw damaged(`what it gives to ${name} makes no sense`);
}

function counts(value: Value | undefined): readonly number[] | undefined {
  if (!isKind(value, 'tuple') || value.items.length > mostAxes) return undefined;
  return value.items.every(isCount) ? value.items : undefined;
}

function isCount(value: Value | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
