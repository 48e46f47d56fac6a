import { fieldsOf } from './io/fields.js';
import { CacheState } from './native/owned.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkString, wrongType } from './values/validate.js';

/** The constructor as the inside sees it. */
type WithState = new (state: CacheState) => CompilationCache;

/**
 * Machine code shared by runtimes (wazero: CompilationCache). The same bytes are compiled once.
 *
 * A directory holds machine code that is run as it is: never share one with somebody whose code you do not trust.
 */
export class CompilationCache extends Uncloneable implements AsyncDisposable {
  readonly #state: CacheState;
  static {
    fieldsOf.compilationCache = (value) =>
      typeof value === 'object' && value !== null && #state in value ? value.#state : undefined;
  }

  /** In memory (wazero: NewCompilationCache). */
  constructor();
  constructor(state?: unknown) {
    super();
    this.#state = state instanceof CacheState ? state : new CacheState('', '');
  }

  /**
   * In memory and on disk (wazero: NewCompilationCacheWithDir). The directory is made if it is not there; any number of processes may use
   * it at once. The compiler's code is kept, by the module's bytes, wazero's version, processor, core features and options that change code;
   * nothing is ever deleted. An entry that was damaged is compiled anew and replaced, one that cannot be written (full, read-only) is done
   * without: the process gets a warning of code `WAZERO_CACHE`, and no compilation fails for it.
   * @throws TypeError where it cannot be one: it is a file, or below one
   */
  static withDir(directory: string): CompilationCache {
    checkString(directory, 'directory');
    if (directory === '') throw wrongType('a path', 'directory', directory);
    return new (CompilationCache as WithState)(new CacheState(directory, ''));
  }

  /**
   * In memory, one per process and name: how Workers share compiled code, as objects of this package cannot be posted. It lives until
   * every cache of that name is closed.
   */
  static shared(name: string): CompilationCache {
    checkString(name, 'name');
    if (name === '') throw wrongType('a name', 'name', name);
    return new (CompilationCache as WithState)(new CacheState('', name));
  }

  /** Idempotent. No runtime can be made with it any more; it is given back when the last one that uses it is closed. */
  close(): Promise<void> {
    return this.#state.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
