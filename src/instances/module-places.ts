import type { Handle } from '../native/binding.js';
import { native } from '../native/native.js';
import { netUnder } from '../native/owned.js';

/** Where those are that have something: itself, or no more than a WeakRef, by what it does (declarations before ES2021 lack the type). */
export interface Place<T extends object> {
  deref(): T | undefined;
}

/** Many modules are held with the same few, and a WeakRef takes a microsecond to make: one for each. */
const known = new WeakMap<object, Place<object>>();
function weakly<T extends object>(target: T): Place<T> {
  let ref = known.get(target);
  if (ref === undefined) {
    ref = new WeakRef(target);
    known.set(target, ref);
  }
  return ref as Place<T>;
}

type List = Set<Place<object>>;
interface Forgotten {
  readonly handle: Handle;
  readonly compiled: Place<{ removeInstance(): void }>;
  readonly place: Place<object>;
  readonly runtime: Place<List>;
  readonly tenant: Place<List> | undefined;
}
// One that nobody can reach any more, and so nobody of its link group: nothing of it runs, for a frame holds its module. What it is held with
// must not lead to its runtime, which may lead back to it.
const forgotten = netUnder<Forgotten>(({ handle, compiled, place, runtime, tenant }) => {
  runtime.deref()?.delete(place);
  tenant?.deref()?.delete(place);
  try {
    native().moduleClose(handle, 0);
  } finally {
    native().moduleRelease(handle);
    compiled.deref()?.removeInstance();
  }
});

/** What a ModuleState is in until it is closed. */
interface Listed extends Place<object> {
  readonly handle: Handle;
  readonly compiled: { removeInstance(): void };
  /** Of its runtime and of its tenant. */
  readonly lists: readonly [runtime: List, tenant: List | undefined];
}

/** Puts it on its lists: weakly where it goes with the last who holds it. While it is being made its frame does. */
export function placed(module: Listed, isWeak: boolean): Place<object> {
  const place = isWeak ? new WeakRef(module) : module;
  for (const list of module.lists) list?.add(place);
  return place;
}
/** It has been made, and is on its lists weakly. */
export function castNet(module: Listed, place: Place<object>): void {
  const { handle, compiled, lists } = module;
  const [runtime, tenant] = lists;
  forgotten.register(
    module,
    { handle, compiled: weakly(compiled), place, runtime: weakly(runtime), tenant: tenant && weakly(tenant) },
    module,
  );
}
/** It is closed. False where it was on its runtime's list no more. */
export function unlisted(module: Listed, place: Place<object>): boolean {
  forgotten.unregister(module);
  const [runtime, tenant] = module.lists;
  tenant?.delete(place);
  return runtime.delete(place);
}
