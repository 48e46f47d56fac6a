import type { Binary, Import } from './binary.js';
import { IllegalCast } from './errors.js';
import { isObject } from './idl.js';
import { BadBinary } from './reader.js';
import type { FunctionType, Type } from './types.js';

/** CompileOptions, read. */
export interface CompileSettings {
  readonly builtins: boolean;
  readonly constants: string | undefined;
}

export function compileSettings(options: unknown, where: string): CompileSettings {
  if (options === undefined || options === null) return { builtins: false, constants: undefined };
  if (!isObject(options)) throw new TypeError(`${where}: Argument 1 must be an object`);
  const { builtins, importedStringConstants } = options;
  const names = builtins === undefined ? [] : [...(builtins as Iterable<unknown>)].map(String);
  const constants =
    importedStringConstants === undefined || importedStringConstants === null
      ? undefined
      : String(importedStringConstants);
  return { builtins: names.includes('js-string'), constants };
}

interface Builtin {
  readonly type: FunctionType;
  readonly call: (...args: any[]) => unknown;
}
/** A string that is no null: 0x64 0x6f. Guests may ask for it, or for one that may be null. */
const string: Type = 'ref 100,111';

/** What V8's builtins do with what is no string. */
function text(value: unknown): string {
  if (typeof value !== 'string') throw new IllegalCast();
  return value;
}

const builtins: Readonly<Record<string, Builtin>> = {
  test: { type: { params: ['externref'], results: ['i32'] }, call: (s) => (typeof s === 'string' ? 1 : 0) },
  cast: { type: { params: ['externref'], results: [string] }, call: text },
  fromCharCode: { type: { params: ['i32'], results: [string] }, call: (code) => String.fromCharCode(code >>> 0) },
  fromCodePoint: {
    type: { params: ['i32'], results: [string] },
    call: (code) => {
      if (code >>> 0 > 0x10ffff) throw new IllegalCast();
      return String.fromCodePoint(code >>> 0);
    },
  },
  charCodeAt: {
    type: { params: ['externref', 'i32'], results: ['i32'] },
    call: (s, at) => within(text(s), at).charCodeAt(at >>> 0),
  },
  codePointAt: {
    type: { params: ['externref', 'i32'], results: ['i32'] },
    call: (s, at) => within(text(s), at).codePointAt(at >>> 0),
  },
  length: { type: { params: ['externref'], results: ['i32'] }, call: (s) => text(s).length },
  concat: { type: { params: ['externref', 'externref'], results: [string] }, call: (a, b) => text(a) + text(b) },
  substring: {
    type: { params: ['externref', 'i32', 'i32'], results: [string] },
    call: (s, from, to) => {
      const whole = text(s);
      return to >>> 0 < from >>> 0 || from >>> 0 > whole.length ? '' : whole.substring(from >>> 0, to >>> 0);
    },
  },
  equals: {
    type: { params: ['externref', 'externref'], results: ['i32'] },
    call: (a, b) => {
      if (a !== null) text(a);
      if (b !== null) text(b);
      return a === b ? 1 : 0;
    },
  },
  compare: {
    type: { params: ['externref', 'externref'], results: ['i32'] },
    call: (a, b) => {
      const x = text(a);
      const y = text(b);
      return x < y ? -1 : x > y ? 1 : 0;
    },
  },
};
function within(value: string, at: number): string {
  if (at >>> 0 >= value.length) throw new IllegalCast();
  return value;
}

const loose = (type: Type): Type => (type === string ? 'externref' : type);
const same = (a: readonly Type[], b: readonly Type[]): boolean =>
  a.length === b.length && a.every((type, i) => loose(type) === loose(b[i] as Type));

/** Imports that are not asked for at all: builtins, and strings named by what they are. */
export function checkGiven({ imports }: Binary, settings: CompileSettings): ReadonlyMap<number, unknown> {
  const given = new Map<number, unknown>();
  imports.forEach((one, i) => {
    if (settings.constants !== undefined && one.module === settings.constants) {
      checkConstant(one);
      given.set(i, one.name);
    } else if (settings.builtins && one.module === 'wasm:js-string') given.set(i, builtinOf(one));
  });
  return given;
}
function checkConstant(one: Import): void {
  if (one.kind !== 'global' || one.type.mutable || loose(one.type.type) !== 'externref')
    throw new BadBinary(
      `the imported string constant "${one.name.slice(0, 40)}" must be an immutable externref global`,
    );
}
function builtinOf(one: Import): Builtin['call'] {
  const known = Object.hasOwn(builtins, one.name) ? builtins[one.name] : undefined;
  if (known === undefined) throw new BadBinary(`there is no builtin "${one.name.slice(0, 40)}"`);
  if (
    one.kind !== 'function' ||
    !same(one.type.params, known.type.params) ||
    !same(one.type.results, known.type.results)
  )
    throw new BadBinary(`the builtin "${one.name}" has another type`);
  return known.call;
}
