import type { CompiledModule, ExportedFunction, Module, WasmValue } from '../index.js';
import { text } from '../values/encoding.js';
import type { FunctionPart, Owner, Realm, TableAccess } from './realm.js';
import { nothing } from './rewrite.js';
import type { FunctionType, Size, Type } from './types.js';
import { body, exported, functionType, magic, section, signed, sizeBytes, typeBytes } from './writer.js';

type Bytes = readonly number[];
const none: FunctionType = { params: [], results: [] };

/** Small modules that are kept compiled, by their bytes. */
const mostKnown = 128;

/** What JavaScript makes for guests: each thing has a small module that exports it as `x`. */
export class Owners {
  readonly #realm: Realm;
  readonly #known = new Map<string, CompiledModule>();
  readonly #joined = new WeakMap<Module, WeakSet<Module>>();

  constructor(realm: Realm) {
    this.#realm = realm;
  }

  instantiate(bytes: Bytes, resolve?: (name: string) => Module, globals?: Record<string, unknown>): Module {
    try {
      const { runtime } = this.#realm;
      const options = {
        ...(resolve && { importResolver: resolve }),
        ...(globals && { globals: globals as Record<string, WasmValue> }),
      };
      return runtime.instantiateModuleSync(this.#compiled(bytes), this.#realm.config, options);
    } catch (error) {
      throw this.#realm.errors.translate(error);
    }
  }

  /** Programs make the same few again and again. */
  #compiled(bytes: Bytes): CompiledModule {
    const key = String.fromCharCode(...bytes.slice(0, 1024));
    if (bytes.length > key.length) return this.#realm.runtime.compileModuleSync(Uint8Array.from(bytes)); // it goes with its instance
    let compiled = this.#known.get(key);
    if (compiled === undefined) {
      compiled = this.#realm.runtime.compileModuleSync(Uint8Array.from(bytes));
      if (this.#known.size >= mostKnown) this.#known.delete(this.#known.keys().next().value as string);
      this.#known.set(key, compiled);
    }
    return compiled;
  }

  /** References go from one link group to another only where they are one. */
  join(a: Module, b: Module): void {
    if (a === b) return;
    let joined = this.#joined.get(a);
    if (joined?.has(b)) return;
    joined ??= new WeakSet();
    this.#joined.set(a, joined.add(b));
    const imports = [a, b].map((_, i) => [...text(`${i}`), ...text(nothing), 0, 0]);
    this.instantiate([...magic, ...section(1, [functionType(none)]), ...section(2, imports)], (name) =>
      name === '0' ? a : b,
    );
  }

  memory(size: Size): Module {
    return this.instantiate([
      ...magic,
      ...section(1, [functionType(none)]),
      ...section(3, [[0]]),
      ...section(5, [sizeBytes(size)]),
      ...section(7, [exported('x', 'memory', 0), exported(nothing, 'function', 0)]),
      ...section(10, [body([])]),
    ]);
  }

  table(type: Type, size: Size): Module {
    return this.#accessor(type, [section(4, [[...typeBytes(type), ...sizeBytes(size)]])], exported('x', 'table', 0));
  }
  /** Of its own module, or of one that imports it. */
  access({ module, name }: Owner, type: Type, own: boolean): TableAccess {
    const imported = [...text('o'), ...text(name), 1, ...typeBytes(type), 0, 0];
    const accessor = own ? module : this.#accessor(type, [], undefined, imported, module);
    const [get, set, grow, size, fill] = ['get', 'set', 'grow', 'size', 'fill'].map(
      (of) => accessor.exportedFunction(of) as ExportedFunction,
    ) as [ExportedFunction, ExportedFunction, ExportedFunction, ExportedFunction, ExportedFunction];
    return {
      module: accessor,
      get: (index) => get.callSync(index),
      set: (index, value) => void set.callSync(index, value as never),
      grow: (by, value) => grow.callSync(by, value as never) as number,
      size: () => (size.callSync() as number) >>> 0,
      fill: (value) => void fill.callSync(value as never),
    };
  }
  #accessor(type: Type, tables: Bytes[], more: Bytes | undefined, imported?: Bytes, owner?: Module): Module {
    const types: FunctionType[] = [
      { params: ['i32'], results: [type] },
      { params: ['i32', type], results: [] },
      { params: ['i32', type], results: ['i32'] },
      { params: [], results: ['i32'] },
      { params: [type], results: [] },
      none,
    ];
    const names = ['get', 'set', 'grow', 'size', 'fill', nothing].map((name, i) => exported(name, 'function', i));
    const size = [0xfc, 16, 0];
    const [get, set] = [
      [0x20, 0, 0x25, 0],
      [0x20, 0, 0x20, 1, 0x26, 0],
    ];
    const [grow, fill] = [
      [0x20, 1, 0x20, 0, 0xfc, 15, 0],
      [0x41, 0, 0x20, 0, ...size, 0xfc, 17, 0],
    ];
    const code = [get, set, grow, size, fill, []] as Bytes[];
    const bytes = [
      ...magic,
      ...section(1, types.map(functionType)),
      ...(imported === undefined ? [] : section(2, [imported])),
      ...section(3, [[0], [1], [2], [3], [4], [5]]),
      ...tables.flat(),
      ...section(7, more === undefined ? names : [...names, more]),
      ...section(10, code.map(body)),
    ];
    return this.instantiate(bytes, owner && (() => owner));
  }

  /** @param value as a guest has it; of a function what it is of */
  global(type: Type, mutable: boolean, value: unknown): Module {
    const types: Bytes[] = [functionType(none)];
    const imports: Bytes[] = [];
    let of: FunctionPart | undefined;
    if (type === 'funcref' && value !== null) {
      of = value as FunctionPart;
      types.push(functionType(of.type));
      imports.push([...text('f'), ...text(of.name), 0, 1]);
    }
    const count = imports.length;
    const from = of?.module;
    return this.instantiate(
      [
        ...magic,
        ...section(1, types),
        ...(count > 0 ? section(2, imports) : []),
        ...section(3, [[0]]),
        ...section(6, [[...typeBytes(type), mutable ? 1 : 0, ...initial(type, value), 0x0b]]),
        ...section(7, [exported('x', 'global', 0), exported(nothing, 'function', count)]),
        ...section(10, [body([])]),
      ],
      from && (() => from),
      type === 'externref' && value !== null ? { x: value } : undefined,
    );
  }

  tag(params: readonly Type[]): Module {
    return this.instantiate([
      ...magic,
      ...section(1, [functionType({ params, results: [] }), functionType(none)]),
      ...section(3, [[1]]),
      ...section(13, [[0, 0]]),
      ...section(7, [exported('x', 'tag', 0), exported(nothing, 'function', 0)]),
      ...section(10, [body([])]),
    ]);
  }
}

function initial(type: Type, value: unknown): Bytes {
  const view = new DataView(new ArrayBuffer(8));
  switch (type) {
    case 'i32':
      return [0x41, ...signed(value as number)];
    case 'i64':
      return [0x42, ...signed(value as bigint)];
    case 'f32':
      view.setFloat32(0, value as number, true);
      return [0x43, ...new Uint8Array(view.buffer, 0, 4)];
    case 'f64':
      view.setFloat64(0, value as number, true);
      return [0x44, ...new Uint8Array(view.buffer)];
    case 'v128':
      return [0xfd, 12, ...new Uint8Array(16)];
    case 'funcref':
      return value === null ? [0xd0, 0x70] : [0xd2, 0];
    default:
      return [0xd0, 0x6f];
  }
}
