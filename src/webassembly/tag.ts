import type { Module } from '../index.js';
import { asInterface, Birth, isObject, type Kind } from './idl.js';
import type { Owners } from './owners.js';
import type { Realm, TagPart } from './realm.js';
import type { Type } from './types.js';
import { valueTypeNamed } from './values.js';

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

export const listOf = (value: unknown, what: string): unknown[] => {
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
