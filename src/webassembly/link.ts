import type { ImportSource } from '../index.js';
import type { ExceptionKind } from './exception.js';
import type { Functions } from './functions.js';
import { hostFunction } from './host.js';
import type { Given } from './imports.js';
import type { Realm } from './realm.js';

/** What the engine is told of the imports. */
export function linked(realm: Realm, functions: Functions, list: readonly Given[]): ImportSource[] {
  const { intoGuest } = realm.exception as ExceptionKind;
  const { callers } = realm;
  return list.map((given): ImportSource => {
    if (!('host' in given)) return given.owner;
    const converted = hostFunction(given.host, given.import.type, given.suspending, functions, intoGuest);
    if (callers === undefined) return converted;
    return { withCaller: (caller, ...args: never[]) => callers.run(caller, () => converted(...args)) };
  });
}
