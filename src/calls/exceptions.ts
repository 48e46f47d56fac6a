import type { Handle } from '../native/binding.js';
import { native } from '../native/native.js';
import type { ErrorRecord } from '../values/errors.js';
import type { ValueType } from '../values/types.js';
import { decode, encode } from '../values/values.js';
import type { Frame, Instance } from './link-group.js';
import { exceptions, type TagState } from './thrown.js';

const known = new Map<Handle, WeakRef<TagState>>();
const forgotten = new FinalizationRegistry<Handle>((handle) => {
  if (known.get(handle)?.deref() === undefined) known.delete(handle);
});
/** One for each handle. Of an owner that exports it under that name, where one is known. */
export function tagState(handle: Handle, types: readonly ValueType[], owner?: Instance, name = ''): TagState {
  let state = known.get(handle)?.deref();
  if (state === undefined) {
    state = { handle, types: Object.freeze([...types]), public: undefined, from: undefined };
    known.set(handle, new WeakRef(state));
    forgotten.register(state, handle);
  }
  if (owner !== undefined && (state.from === undefined || state.from.owner.closed)) state.from = { owner, name };
  return state;
}

/**
 * What a host function has thrown becomes an exception of the guest's, if it is one: it happens once the host function has answered, with
 * whatever. False: it is an error.
 */
export function throwInto(frame: () => Frame, value: unknown): boolean {
  const thrown = exceptions.read(value);
  if (thrown === undefined) return false;
  const { tag, values } = thrown;
  const asked = frame();
  const words = new BigUint64Array(values.length);
  encode(tag.types, values as never[], words, asked.group.references, (i) => `value ${i} of the exception`);
  const number = native().exceptionThrow(asked.id, tag.handle, words);
  asked.thrown ??= new Map();
  asked.thrown.set(number, value as object);
  if (asked.thrown.size > mostThrown) asked.thrown.delete(asked.thrown.keys().next().value as number);
  return true;
}
/** As native code keeps them. */
const mostThrown = 1024;

/** The exception that nobody has caught; the very object, where it is one that a host function of this call threw. */
export function uncaught(frame: Frame, { exception }: ErrorRecord): object | undefined {
  if (exception === undefined) return undefined;
  const known = exception.thrown === undefined ? undefined : frame.thrown?.get(exception.thrown);
  if (known !== undefined) return known;
  const types = exception.types as ValueType[];
  const words = BigUint64Array.from(exception.words, BigInt);
  const values = types.includes('v128') ? [] : decode(types, words, frame.group.references); // wazero keeps half of those
  return exceptions.make({ tag: tagState(exception.tag, types), values });
}
