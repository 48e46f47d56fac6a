import type { Instance, LinkGroup } from '../calls/link-group.js';
import { native } from '../native/native.js';
import { busyError, closedError } from '../values/errors.js';
import { holderOf } from '../values/references.js';
import type { FunctionReference } from '../values/types.js';
import { wrongType } from '../values/validate.js';
import type { ExternOwner } from './owner.js';

// Who has a function of another guest in a table or global may call it at any time, in that guest's memory: from then on both are one link group.

/**
 * What puts a reference into a table or global of `owner`. All that can be refused is refused now; what is returned gives the word, and joins the link
 * groups where they are two: it is to be called when nothing else can fail.
 */
export function incoming(
  owner: ExternOwner,
  type: 'funcref' | 'externref',
  value: unknown,
  name: string,
): () => bigint {
  if (type === 'externref') return () => externref(owner.group, value);
  if (value === null) return () => 0n;
  const holder = holderOf(value) as LinkGroup | undefined;
  if (holder === undefined) throw wrongType('null or a FunctionReference', name, value);
  const other = memberOf(holder.find());
  if (other.runtime !== owner.runtime) throw wrongType('null or a FunctionReference of the same runtime', name, value);
  for (const { group } of [owner, other]) if (owner.group !== other.group) group.syncStack(undefined);
  return () => {
    join(owner, other);
    return owner.group.references.funcrefWord(value, name);
  };
}

/** The reference to an instance's function of that index. */
export function referenceIn(module: Instance, index: number): FunctionReference {
  module.checkOpen();
  return module.group.references.funcref(native().moduleReference(module.handle, index)) as FunctionReference;
}

function externref(group: LinkGroup, value: unknown): bigint {
  if (group.references.isFull) group.sweep(); // this one is no id yet
  return group.references.add(value);
}

/** One that is open, to stand for its group. */
function memberOf(group: LinkGroup): ExternOwner {
  for (const module of group.modules) if (!module.closed && module.handle !== 0) return module as ExternOwner;
  throw closedError('the module that the function reference came from is closed');
}

function join(a: ExternOwner, b: ExternOwner): void {
  if (a.group === b.group) return;
  native().moduleJoin(a.handle, b.handle);
  a.group.merge(b.group);
}

/** Where JavaScript may read and write a table or global. */
export function checkUse({ module }: { readonly module: ExternOwner }, what: string): void {
  module.checkOpen();
  if (module.group.isRunning)
    throw busyError(`guest code is running that may use this ${what}: wait for the call that runs it`);
}
