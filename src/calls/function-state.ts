import type { Handle } from '../native/binding.js';
import { native } from '../native/native.js';
import { invalidArgument } from '../values/errors.js';
import { shown } from '../values/shown.js';
import type { FunctionDefinition } from '../values/types.js';
import { show } from '../values/validate.js';
import { encode, type Signature, signature } from '../values/values.js';
import { type Callee, DirectCall, expressAfter, isOff } from './direct.js';
import { ExpressCall } from './express.js';
import type { Instance } from './link-group.js';

/** An exported function of an instance. */
export class FunctionState implements Callee {
  readonly module: Instance;
  readonly name: string;
  readonly definition: FunctionDefinition;
  readonly signature: Signature;
  #handle: Handle;
  /** How it is called without Go, once it has been called with callSync. */
  direct: DirectCall | undefined;
  /** That has been tried. */
  #opened = isOff;
  /** How it is called by a thread of C++, once it has been called a few times with call. */
  express: ExpressCall | undefined;
  #asyncCalls = 0;
  /** The function as experimental.functionOf gives it, always the same. */
  public: object | undefined;

  constructor(module: Instance, name: string, definition: FunctionDefinition, handle: Handle = 0) {
    this.module = module;
    this.name = name;
    this.definition = definition;
    this.#handle = handle;
    this.signature = signature(definition.paramTypes, definition.resultTypes);
  }

  /** In messages (Subject). */
  get what(): string {
    return `the call of ${show(this.name)}`;
  }

  /** Found on first use; fails where the module is closed. */
  get handle(): Handle {
    if (this.#handle === 0) {
      this.module.checkOpen();
      this.#handle = native().moduleFunction(this.module.handle, this.name);
    }
    return this.#handle;
  }

  /** Before a synchronous call while there is no `direct`: makes one. That takes no longer than a first call through Go. */
  openDirect(): DirectCall | undefined {
    if (!this.#opened && !this.module.closed) {
      this.#opened = true;
      this.direct = DirectCall.open(this);
    }
    return this.direct;
  }
  /** Likewise, before an asynchronous call: the first, where other instances have shown how long it takes, or the third. */
  countAsync(): ExpressCall | undefined {
    const calls = this.#asyncCalls++;
    const isNew = calls < expressAfter;
    if ((calls === 0 || calls === expressAfter) && !isOff && !this.module.closed)
      this.express = ExpressCall.open(this, isNew);
    return this.express;
  }
  endDirect(): void {
    this.direct?.close();
    this.direct = undefined;
    this.express?.close();
    this.express = undefined;
  }

  /** The arguments as words, in an array that has room for the results. */
  words(args: readonly unknown[]): BigUint64Array {
    const { params, words } = this.signature;
    // wazero's own words.
    if (args.length !== params.length)
      throw invalidArgument(`expected ${params.length} params, but passed ${args.length}`);
    const { group } = this.module;
    if (group.references.isFull) group.sweep(); // nothing of this call is an id yet
    const encoded = new BigUint64Array(words);
    encode(params, args, encoded, group.references, (i) => `parameter ${i} of ${shown(this.name)}`);
    return encoded;
  }
}
