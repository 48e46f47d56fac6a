import type { Memory as EngineMemory } from '../index.js';
import { type Anything, asInterface, Birth, enforceRange, isObject, type Kind, receiver, setLength } from './idl.js';
import type { Owners } from './owners.js';
import type { MemoryPart, Realm } from './realm.js';

const mostPages = 65536;

export function memoryClass(realm: Realm, owners: Owners): Kind<MemoryPart> {
  const birth = new Birth<MemoryPart>();
  let read: Kind<MemoryPart>['part'];
  const engineMemory = (part: MemoryPart): EngineMemory => {
    part.memory ??= part.module.exportedMemory(part.name) as EngineMemory;
    return part.memory;
  };

  class Memory {
    readonly #part: MemoryPart;
    static {
      read = (value) => (isObject(value) && #part in value ? (value as Memory).#part : undefined);
    }
    constructor(descriptor: unknown) {
      this.#part = birth.take() ?? fromDescriptor(descriptor);
    }
    grow(delta: unknown): number {
      const part = receiver(kind, this, 'WebAssembly.Memory.grow()');
      const pages = enforceRange(delta, 'WebAssembly.Memory.grow(): Argument 0');
      const previous = use(() => engineMemory(part).grow(pages));
      if (previous < 0) throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
      return previous;
    }
    get buffer(): ArrayBuffer {
      const part = receiver(kind, this, 'WebAssembly.Memory.buffer');
      return use(() => engineMemory(part).buffer);
    }
  }
  setLength(Memory.prototype, 'grow', 1);
  asInterface(Memory, 'Memory', 1);

  function use<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw realm.errors.translate(error);
    }
  }

  function fromDescriptor(descriptor: unknown): MemoryPart {
    const where = 'WebAssembly.Memory()';
    if (!isObject(descriptor)) throw new TypeError(`${where}: Argument 0 must be a memory descriptor`);
    noWideAddress(descriptor, where);
    const min = optionalSize(descriptor, 'initial', where);
    const max = optionalSize(descriptor, 'maximum', where);
    const isShared = Boolean(descriptor.shared);
    if (min === undefined) throw new TypeError(`${where}: Property 'initial' is required`);
    if (min > mostPages || (max ?? 0) > mostPages)
      throw new RangeError(`${where}: a memory has at most ${mostPages} pages`);
    if (max !== undefined && max < min)
      throw new RangeError(`${where}: Property 'maximum' is below the lower bound, 'initial'`);
    if (isShared && max === undefined) throw new TypeError(`${where}: a shared memory needs a maximum`);
    const module = owners.memory({ min, max, shared: isShared, wide: false });
    return { module, name: 'x', shared: isShared };
  }

  const kind: Kind<MemoryPart> = {
    constructor: Memory,
    make: (part) => birth.give(part, () => new Memory(undefined)),
    part: (value) => read(value),
  };
  return kind;
}

/** Read and converted before the next one is read. */
export function optionalSize(descriptor: Anything, name: string, where: string): number | undefined {
  const value = descriptor[name];
  return value === undefined ? undefined : enforceRange(value, `${where}: Property '${name}'`);
}

/** Memories and tables of 64 bits, which the engine does not have; the property is read as the first. */
export function noWideAddress(descriptor: Anything, where: string): void {
  const { address } = descriptor;
  if (address === undefined) return;
  const name = String(address);
  if (name === 'i32') return;
  throw new TypeError(
    name === 'i64'
      ? `${where}: addresses of 64 bits are not supported`
      : `${where}: Property 'address' must be 'i32' or 'i64'`,
  );
}
