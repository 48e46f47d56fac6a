import { exceptions, type TagState, type Thrown } from './calls/thrown.js';
import { Birth } from './values/birth.js';
import { invalidArgument } from './values/errors.js';
import type { ValueType, WasmValue } from './values/types.js';
import { Uncloneable } from './values/uncloneable.js';
import { wrongType } from './values/validate.js';

const birth = new Birth<TagState>();
let make: (state: TagState) => Tag;
let stateOf: (value: unknown) => TagState | undefined;
/** Not exported by the package. */
export const tagStateOf = (value: unknown): TagState | undefined => stateOf(value);
/** The same object whenever it is asked for. Not exported by the package. */
export function publicTag(state: TagState): Tag {
  state.public ??= make(state);
  return state.public as Tag;
}

/** What kind of exception is thrown, and the types of its values (wazero: a tag, as of the exception handling proposal). See Module.exportedTag and Runtime.newTag. */
export class Tag extends Uncloneable {
  readonly #state: TagState;
  static {
    make = (state) => birth.give(state, () => new Tag());
    stateOf = (value) => (typeof value === 'object' && value !== null && #state in value ? value.#state : undefined);
  }
  private constructor() {
    super();
    this.#state = birth.take('Tag');
  }
  get types(): readonly ValueType[] {
    return this.#state.types;
  }
}

/** Of which class it is made: what native code tells of one has been checked already. */
let inside: Thrown | undefined;

/**
 * An exception as a value. A host function that throws one throws it into its guest, whose `catch`, `catch_ref` and `catch_all` see it; where nobody
 * catches it, the call ends with a Trap of kind 'uncaught exception' that has it as `exception`: this very object, or one that says what the
 * guest threw.
 *
 * No Error: it has no stack, and nothing says that anything is wrong.
 */
export class Exception {
  readonly #thrown: Thrown;
  static {
    exceptions.read = (value) =>
      typeof value === 'object' && value !== null && #thrown in value ? value.#thrown : undefined;
    exceptions.make = (thrown) => {
      inside = thrown;
      return new Exception(publicTag(thrown.tag), []);
    };
  }

  /**
   * @param values as the arguments of a function of these types; what is wrong with one is a Trap where it is thrown
   * @throws TypeError where their number is another, or the tag has a v128
   */
  constructor(tag: Tag, values: readonly WasmValue[]) {
    if (inside !== undefined) {
      this.#thrown = inside;
      inside = undefined;
      return;
    }
    const state = stateOf(tag);
    if (state === undefined) throw wrongType('a Tag', 'tag', tag);
    if (!Array.isArray(values)) throw wrongType('an array of values', 'values', values);
    if (values.length !== state.types.length)
      throw invalidArgument(`Expected ${state.types.length} values for the tag but received ${values.length}`);
    if (state.types.includes('v128'))
      throw invalidArgument('Expected a tag without v128 for tag: wazero keeps half of such a value');
    this.#thrown = { tag: state, values: Object.freeze([...values]) };
  }

  get tag(): Tag {
    return publicTag(this.#thrown.tag);
  }
  get values(): readonly WasmValue[] {
    return this.#thrown.values as readonly WasmValue[];
  }
}
