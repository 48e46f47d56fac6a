import type { Module, ValueType } from '../index.js';
import { text, unsigned } from '../values/encoding.js';
import type { ExceptionKind } from './exception.js';
import type { Functions } from './functions.js';
import { hostFunction } from './host.js';
import type { Given } from './imports.js';
import type { Owners } from './owners.js';
import type { GlobalPart, Realm } from './realm.js';
import { nothing } from './rewrite.js';
import type { ExternKind, Type } from './types.js';
import { body, exported, functionType, kindCodes, magic, section, sizeBytes, typeBytes } from './writer.js';

/** The types that the engine has for those that only guests know. */
const shown = (type: Type): ValueType =>
  (type === 'exnref' || type.startsWith('ref ') ? 'externref' : type) as ValueType;

/** What gives each import, which is named by its position: a module of the JavaScript functions, and one that joins all other owners. */
export function linked(
  realm: Realm,
  owners: Owners,
  functions: Functions,
  list: readonly Given[],
): (name: string) => Module {
  const builder = realm.runtime.newHostModuleBuilder('node-wazero/webassembly');
  const { intoGuest } = realm.exception as ExceptionKind;
  const types: number[][] = [];
  const imports: number[][] = [];
  const exports: number[][] = [];
  const counts: Record<ExternKind, number> = { function: 0, table: 0, memory: 0, global: 0, tag: 0 };
  const from = new Map<string, Module>();

  const described = (given: Given & { owner: object }): number[] => {
    const { import: one } = given;
    const kind = kindCodes[one.kind];
    switch (one.kind) {
      case 'function':
        return [kind, ...unsigned(types.push(functionType(one.type)) - 1)];
      case 'tag':
        return [kind, 0, ...unsigned(types.push(functionType(one.type)) - 1)];
      case 'table':
        return [kind, ...typeBytes(one.type.type), ...sizeBytes(one.type.size)];
      case 'memory':
        return [kind, ...sizeBytes(one.type)];
      case 'global':
        // Of a string constant the owner's, which may be null.
        return [kind, ...typeBytes((given.owner as GlobalPart).type), one.type.mutable ? 1 : 0];
    }
  };
  list.forEach((given, i) => {
    const { import: one } = given;
    const name = `${i}`;
    if ('host' in given) {
      if (one.kind !== 'function') return;
      const { params, results } = one.type;
      const converted = hostFunction(given.host, one.type, given.suspending, functions, intoGuest);
      const { callers } = realm;
      const [from, to] = [params.map(shown), results.map(shown)];
      const made = builder.newFunctionBuilder();
      if (callers === undefined) made.withFunction(converted, from, to).export(name);
      else
        made
          .withModuleFunction((caller, ...args) => callers.run(caller, () => converted(...args)), from, to)
          .export(name);
    } else {
      imports.push([...text(name), ...text(given.owner.name), ...described(given)]);
      exports.push(exported(name, one.kind, counts[one.kind]++));
      from.set(name, given.owner.module);
    }
  });
  let host: Module | undefined;
  if (from.size < list.length) {
    const compiled = builder.compileSync();
    host = realm.runtime.instantiateModuleSync(compiled, realm.config);
    compiled.closeSync();
  }
  if (from.size === 0) return () => host as Module;
  const joins = types.push(functionType({ params: [], results: [] })) - 1;
  const glue = owners.instantiate(
    [
      ...magic,
      ...section(1, types),
      ...section(2, imports),
      ...section(3, [unsigned(joins)]),
      ...section(7, [...exports, exported(nothing, 'function', counts.function)]),
      ...section(10, [body([])]),
    ],
    (name) => from.get(name) as Module,
  );
  return (name) => (from.has(name) ? glue : (host as Module));
}
