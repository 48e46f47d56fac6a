import { Exception as EngineException, type Tag as EngineTag } from '../index.js';
import { IllegalCast } from './errors.js';
import type { Functions } from './functions.js';
import { asInterface, Birth, enforceRange, isObject, type Kind, receiver, setLength } from './idl.js';
import type { ExceptionPart, Realm, TagPart } from './realm.js';
import { listOf } from './tag.js';
import type { Type } from './types.js';
import { cannotCross, fromWasm, toWasm } from './values.js';

/** What host functions throw, as guests see it, and the other way round. */
export interface ExceptionKind extends Kind<ExceptionPart> {
  /** To be thrown in the place of what a host function has thrown. */
  intoGuest(thrown: unknown): unknown;
}

/** V8's has, since Node 24. */
const hasStack = 'stack' in ((globalThis as any).WebAssembly?.Exception?.prototype ?? {});

export function exceptionClass(realm: Realm, functions: Functions): ExceptionKind {
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
    constructor(tag: unknown, payload: unknown, options?: unknown) {
      // biome-ignore lint/complexity/noArguments: what is missing is an error of its own
      this.#part = birth.take() ?? fromArguments(tag, payload, arguments.length);
      if (options === undefined) return;
      if (!isObject(options)) throw new TypeError('WebAssembly.Exception(): Argument 2 is not an object');
      if (options.traceStack) Error.captureStackTrace(this, Exception); // a property of its own, which hides the prototype's
    }
    get stack(): string | undefined {
      receiver(kind, this, 'WebAssembly.Exception.stack()');
      return undefined;
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
  if (!hasStack) Reflect.deleteProperty(Exception.prototype, 'stack');
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

  /** The engine's for ours, and ours for the engine's: an exception that comes back is the same object. */
  const engineOf = new WeakMap<object, EngineException>();
  const ownOf = new WeakMap<EngineException, unknown>();
  const tags = new WeakMap<EngineTag, object>();

  function engineTag(tag: object): EngineTag {
    const part = realm.tag.part(tag) as TagPart;
    part.tag ??= part.module.exportedTag(part.name) as EngineTag;
    tags.set(part.tag, tag);
    return part.tag;
  }
  function engineException(thrown: object, { tag, values }: ExceptionPart): EngineException {
    let engine = engineOf.get(thrown);
    if (engine === undefined) {
      const { params } = realm.tag.part(tag) as TagPart;
      engine = new EngineException(
        engineTag(tag),
        values.map((value, i) => toWasm(params[i] as Type, value, functions)),
      );
      engineOf.set(thrown, engine);
      ownOf.set(engine, thrown);
    }
    return engine;
  }
  /** Any value of JavaScript is an exception of JSTag to a guest. */
  function ofJavaScript(thrown: unknown): EngineException {
    const engine = new EngineException(engineTag(realm.jsTag), [toWasm('externref', thrown, functions)]);
    ownOf.set(engine, thrown);
    return engine;
  }
  realm.errors.thrown = (engine) => {
    if (ownOf.has(engine)) return ownOf.get(engine);
    const values = engine.values.map((value, i) => fromWasm(engine.tag.types[i] as Type, value, functions));
    if (engine.tag === (realm.tag.part(realm.jsTag) as TagPart).tag) return values[0];
    let tag = tags.get(engine.tag) ?? realm.exportedTags.find(engine.tag);
    if (tag === undefined) {
      tag = realm.tag.make({ params: engine.tag.types, name: '', tag: engine.tag } as unknown as TagPart);
      tags.set(engine.tag, tag);
    }
    const own = kind.make({ tag, values });
    engineOf.set(own, engine);
    ownOf.set(engine, own);
    return own;
  };

  const kind: ExceptionKind = {
    constructor: Exception,
    make: (part) => birth.give(part, () => new Exception(undefined, undefined)),
    part: (value) => read(value),
    intoGuest(thrown) {
      const part = read(thrown);
      if (part !== undefined) return engineException(thrown as object, part);
      return realm.errors.isTrap(thrown) || thrown instanceof IllegalCast ? thrown : ofJavaScript(thrown);
    },
  };
  return kind;
}
