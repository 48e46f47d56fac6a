import type { Global as EngineGlobal } from '../index.js';
import type { Functions } from './functions.js';
import { asInterface, Birth, isObject, type Kind, receiver, setLength } from './idl.js';
import type { Owners } from './owners.js';
import type { GlobalPart, Realm } from './realm.js';
import type { Type } from './types.js';
import { cannotCross, defaultValue, fromWasm, toWasm, valueTypeNamed } from './values.js';

export interface GlobalKind extends Kind<GlobalPart> {
  /** @param value as JavaScript has it, converted */
  create(type: Type, mutable: boolean, value: unknown): object;
}

export function globalClass(realm: Realm, owners: Owners, functions: Functions): GlobalKind {
  const birth = new Birth<GlobalPart>();
  let inside: Kind<GlobalPart>['part'];
  const engineGlobal = (part: GlobalPart): EngineGlobal => {
    part.global ??= part.module.exportedGlobal(part.name) as EngineGlobal;
    return part.global;
  };
  const read = (part: GlobalPart): unknown => {
    if (part.type === 'v128') throw cannotCross();
    return use(() => fromWasm(part.type, engineGlobal(part).get(), functions));
  };

  class Global {
    readonly #part: GlobalPart;
    static {
      inside = (value) => (isObject(value) && #part in value ? (value as Global).#part : undefined);
    }
    constructor(descriptor: unknown, _value?: unknown) {
      // biome-ignore lint/complexity/noArguments: undefined is a value
      this.#part = birth.take() ?? fromDescriptor(descriptor, arguments);
    }
    valueOf(): unknown {
      return read(receiver(kind, this, 'WebAssembly.Global.valueOf()'));
    }
    get value(): unknown {
      return read(receiver(kind, this, 'WebAssembly.Global.value'));
    }
    set value(value: unknown) {
      const part = receiver(kind, this, 'set WebAssembly.Global.value');
      if (!part.mutable)
        throw new TypeError("set WebAssembly.Global.value: Can't set the value of an immutable global.");
      if (part.type === 'v128') throw cannotCross();
      use(() => {
        const of = part.type === 'funcref' ? functions.part(value) : undefined;
        if (of !== undefined) owners.join(part.module, of.module);
        engineGlobal(part).set(toWasm(part.type, value, functions));
      });
    }
  }
  setLength(Global.prototype, 'valueOf', 0);
  asInterface(Global, 'Global', 1);

  function use<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw realm.errors.translate(error);
    }
  }

  function fromDescriptor(descriptor: unknown, args: IArguments): GlobalPart {
    const where = 'WebAssembly.Global()';
    if (!isObject(descriptor)) throw new TypeError(`${where}: Argument 0 must be a global descriptor`);
    const mutable = Boolean(descriptor.mutable);
    const named = descriptor.value;
    if (named === undefined) throw new TypeError(`${where}: Property 'value' is required`);
    const type = valueTypeNamed(named);
    if (type === 'v128') throw cannotCross();
    const value: unknown = args[1];
    if (value === undefined && (type !== 'externref' || args.length < 2))
      return newPart(type, mutable, defaultValue(type));
    if (type === 'funcref' && value !== null && functions.part(value) === undefined)
      throw new TypeError(`${where}: the value of a function reference must be null or an exported function`);
    return newPart(type, mutable, value);
  }
  function newPart(type: Type, mutable: boolean, value: unknown): GlobalPart {
    const converted =
      type === 'funcref' ? (functions.part(value) ?? null) : type === 'v128' ? 0 : toWasm(type, value, functions);
    return { module: owners.global(type, mutable, converted), name: 'x', type, mutable };
  }

  const make = (part: GlobalPart): object => birth.give(part, () => new Global(undefined));
  const kind: GlobalKind = {
    constructor: Global,
    make,
    part: (value) => inside(value),
    create: (type, mutable, value) => make(newPart(type, mutable, value)),
  };
  return kind;
}
