import type { Functions } from './functions.js';
import { asInterface, Birth, enforceRange, isObject, type Kind, receiver, setLength } from './idl.js';
import { noWideAddress, optionalSize } from './memory.js';
import type { Owners } from './owners.js';
import type { Realm, TableAccess, TablePart } from './realm.js';
import { defaultValue, fromWasm, toWasm } from './values.js';

/** As V8. */
const mostElements = 10_000_000;

export function tableClass(realm: Realm, owners: Owners, functions: Functions): Kind<TablePart> {
  const birth = new Birth<TablePart>();
  let read: Kind<TablePart>['part'];
  const accessTo = (part: TablePart): TableAccess => {
    part.access ??= owners.access(part, part.type, false);
    return part.access;
  };
  /** The value as the table takes it. */
  const into = (part: TablePart, value: unknown, given: boolean): unknown => {
    const { type } = part;
    const wanted = given ? value : defaultValue(type);
    if (type === 'funcref' && wanted !== null) {
      const of = functions.part(wanted);
      if (of === undefined) throw new TypeError('a table of functions takes exported functions and null');
      owners.join(accessTo(part).module, of.module);
    }
    return toWasm(type, wanted, functions);
  };

  class Table {
    readonly #part: TablePart;
    static {
      read = (value) => (isObject(value) && #part in value ? (value as Table).#part : undefined);
    }
    constructor(descriptor: unknown, _value?: unknown) {
      // biome-ignore lint/complexity/noArguments: undefined is a value
      this.#part = birth.take() ?? fromDescriptor(descriptor, arguments);
    }
    get length(): number {
      const part = receiver(kind, this, 'WebAssembly.Table.length');
      return use(() => accessTo(part).size());
    }
    get(index: unknown): unknown {
      const part = receiver(kind, this, 'WebAssembly.Table.get()');
      const at = enforceRange(index, 'WebAssembly.Table.get(): Argument 0');
      return use(() => {
        const access = accessTo(part);
        if (at >= access.size()) throw new RangeError(`WebAssembly.Table.get(): invalid address ${at}`);
        return fromWasm(part.type, access.get(at), functions);
      });
    }
    set(index: unknown, value?: unknown): void {
      const part = receiver(kind, this, 'WebAssembly.Table.set()');
      const at = enforceRange(index, 'WebAssembly.Table.set(): Argument 0');
      // biome-ignore lint/complexity/noArguments: undefined is a value
      const given = arguments.length > 1;
      use(() => {
        const wanted = into(part, value, given);
        const access = accessTo(part);
        if (at >= access.size()) throw new RangeError(`WebAssembly.Table.set(): invalid address ${at}`);
        access.set(at, wanted);
      });
    }
    grow(delta: unknown, value?: unknown): number {
      const part = receiver(kind, this, 'WebAssembly.Table.grow()');
      const by = enforceRange(delta, 'WebAssembly.Table.grow(): Argument 0');
      return use(() => {
        const previous = accessTo(part).grow(by, into(part, value, value !== undefined));
        if (previous === -1) throw new RangeError('WebAssembly.Table.grow(): failed to grow table');
        return previous >>> 0;
      });
    }
  }
  for (const name of ['get', 'set', 'grow']) setLength(Table.prototype, name, 1);
  asInterface(Table, 'Table', 1);

  function use<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw realm.errors.translate(error);
    }
  }

  function fromDescriptor(descriptor: unknown, args: IArguments): TablePart {
    const where = 'WebAssembly.Table()';
    if (!isObject(descriptor)) throw new TypeError(`${where}: Argument 0 must be a table descriptor`);
    const { element } = descriptor;
    const name = element === undefined ? undefined : String(element);
    noWideAddress(descriptor, where);
    const min = optionalSize(descriptor, 'initial', where);
    const max = optionalSize(descriptor, 'maximum', where);
    if (name !== 'anyfunc' && name !== 'externref')
      throw new TypeError(`${where}: Property 'element' must be a WebAssembly reference type`);
    if (min === undefined) throw new TypeError(`${where}: Property 'initial' is required`);
    if (max !== undefined && max < min)
      throw new RangeError(`${where}: Property 'maximum' is below the lower bound, 'initial'`);
    if (min > mostElements) throw new RangeError(`${where}: a table has at most ${mostElements} elements`);
    const type = name === 'anyfunc' ? 'funcref' : 'externref';
    return use(() => {
      const given = args.length > 1 && args[1] !== undefined;
      if (given && type === 'funcref' && args[1] !== null && functions.part(args[1]) === undefined)
        throw new TypeError(`${where}: Argument 1 must be null or an exported function`);
      const module = owners.table(type, { min, max, shared: false, wide: false });
      const part: TablePart = { module, name: 'x', type };
      part.access = owners.access(part, type, true);
      const value = into(part, args[1], given);
      if (value !== null) part.access.fill(value);
      return part;
    });
  }

  const kind: Kind<TablePart> = {
    constructor: Table,
    make: (part) => birth.give(part, () => new Table(undefined)),
    part: (value) => read(value),
  };
  return kind;
}
