import type { Module } from '../index.js';
import type { Functions } from './functions.js';
import { asInterface, Birth, enforceRange, isObject, type Kind, receiver, setLength } from './idl.js';
import type { Owners } from './owners.js';
import type { ExceptionPart, Realm, TagPart } from './realm.js';
import type { Type } from './types.js';
import { cannotCross, toWasm, valueTypeNamed } from './values.js';

/** Its module is made when a guest imports it. */
function lazyTag(owners: Owners, params: readonly Type[]): TagPart {
  let module: Module | undefined;
  return {
    params,
    name: 'x',
    get module() {
      module ??= owners.tag(params);
      return module;
    },
  };
}

const listOf = (value: unknown, what: string): unknown[] => {
  if (!isObject(value)) throw new TypeError(`${what} must be iterable`);
  return [...(value as unknown as Iterable<unknown>)];
};

export function tagClass(realm: Realm, owners: Owners): Kind<TagPart> {
  const birth = new Birth<TagPart>();
  let read: Kind<TagPart>['part'];
  class Tag {
    readonly #part: TagPart;
    static {
      read = (value) => (isObject(value) && #part in value ? (value as Tag).#part : undefined);
    }
    constructor(descriptor: unknown) {
      this.#part = birth.take() ?? fromDescriptor(descriptor);
    }
  }
  asInterface(Tag, 'Tag', 1);
  function fromDescriptor(descriptor: unknown): TagPart {
    if (!isObject(descriptor)) throw new TypeError('WebAssembly.Tag(): Argument 0 must be a tag type');
    const { parameters } = descriptor;
    if (parameters === undefined)
      throw new TypeError("WebAssembly.Tag(): Argument 0 must be a tag type with 'parameters'");
    return lazyTag(owners, listOf(parameters, 'WebAssembly.Tag(): parameters').map(valueTypeNamed));
  }
  const kind: Kind<TagPart> = {
    constructor: Tag,
    make: (part) => birth.give(part, () => new Tag(undefined)),
    part: (value) => read(value),
  };
  realm.jsTag = kind.make(lazyTag(owners, ['externref']));
  return kind;
}

export function exceptionClass(realm: Realm, functions: Functions): Kind<ExceptionPart> {
  const birth = new Birth<ExceptionPart>();
  let read: Kind<ExceptionPart>['part'];
  const tagOf = (value: unknown, where: string): TagPart => {
    const part = realm.tag.part(value);
    if (part === undefined) throw new TypeError(`${where}: Argument 0 must be a WebAssembly tag`);
    return part;
  };

  class Exception {
    readonly #part: ExceptionPart;
    static {
      read = (value) => (isObject(value) && #part in value ? (value as Exception).#part : undefined);
    }
    constructor(tag: unknown, payload: unknown, _options?: unknown) {
      // biome-ignore lint/complexity/noArguments: what is missing is an error of its own
      this.#part = birth.take() ?? fromArguments(tag, payload, arguments.length);
    }
    is(tag: unknown): boolean {
      const where = 'WebAssembly.Exception.is()';
      const part = receiver(kind, this, where);
      tagOf(tag, where);
      return part.tag === tag;
    }
    getArg(tag: unknown, index: unknown): unknown {
      const where = 'WebAssembly.Exception.getArg()';
      const part = receiver(kind, this, where);
      // biome-ignore lint/complexity/noArguments: what is missing is an error of its own
      if (arguments.length < 2) throw new TypeError(`${where}: two arguments are required`);
      tagOf(tag, where);
      const at = enforceRange(index, `${where}: Argument 1`);
      if (part.tag !== tag) throw new TypeError(`${where}: First argument does not match the exception tag`);
      if (at >= part.values.length) throw new RangeError(`${where}: Index must be below ${part.values.length}`);
      return part.values[at];
    }
  }
  setLength(Exception.prototype, 'is', 1);
  setLength(Exception.prototype, 'getArg', 2);
  asInterface(Exception, 'Exception', 2);

  function fromArguments(tag: unknown, payload: unknown, count: number): ExceptionPart {
    const where = 'WebAssembly.Exception()';
    const { params } = tagOf(tag, where);
    if (count < 2) throw new TypeError(`${where}: Argument 1 is required`);
    if (tag === realm.jsTag) throw new TypeError(`${where}: Argument 0 cannot be WebAssembly.JSTag`);
    const values = listOf(payload, `${where}: Exception values argument`);
    if (values.length !== params.length)
      throw new TypeError(`${where}: Number of exception values does not match signature length`);
    return { tag: tag as object, values: values.map((value, i) => converted(params[i] as Type, value)) };
  }
  /** As it is read again: not as a guest has it. */
  function converted(type: Type, value: unknown): unknown {
    if (type === 'externref') return value;
    if (type === 'v128') throw cannotCross();
    if (type === 'funcref') {
      functions.reference(value);
      return value;
    }
    return toWasm(type, value, functions);
  }

  const kind: Kind<ExceptionPart> = {
    constructor: Exception,
    make: (part) => birth.give(part, () => new Exception(undefined, undefined)),
    part: (value) => read(value),
  };
  return kind;
}
