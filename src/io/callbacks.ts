import { wouldBlockError } from '../values/errors.js';
import { nextId } from '../values/ids.js';
import { RareMap } from '../values/rare-map.js';

/** What a guest asks of JavaScript besides host functions. */
export interface Question {
  /** Parameters; answers go over them. */
  readonly words: BigUint64Array;
  /** What the guest writes, or room for what it reads. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The guest cannot wait: an answer that comes later is ERR_WAZERO_WOULD_BLOCK. */
  readonly sync: boolean;
  /** The call that it is a question of. */
  readonly call?: { readonly isStopped: boolean } | undefined;
}
/** Answers in place. What it throws ends the call. */
export type Callback = (question: Question) => void | PromiseLike<void>;

/** The callbacks of one instance, under new ids. */
export class Callbacks {
  readonly byId = new RareMap<number, Callback>();
  /** Of its file systems: what makes one anew. */
  readonly #mounts = new RareMap<number, () => number>();
  add(callback: Callback): number {
    const id = nextId();
    this.byId.set(id, callback);
    return id;
  }

  /** `mount` adds the callback of a file system. */
  addMount(mount: () => number): number {
    const id = mount();
    this.#mounts.set(id, mount);
    return id;
  }
  /** All file systems are mounted anew: pairs, the id of each as it was and as it is. The old ones go with `drop`, when their files are closed. */
  renewMounts(): { readonly targets: BigUint64Array; drop(): void } {
    const old = [...this.#mounts];
    this.#mounts.clear();
    const pairs = old.flatMap(([id, mount]) => [BigInt(id), BigInt(this.addMount(mount))]);
    return { targets: BigUint64Array.from(pairs), drop: () => old.forEach(([id]) => void this.byId.delete(id)) };
  }
}

export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/** The error of a guest that cannot wait for an answer. Whatever comes of that, its rejection is handled. */
export function tooLate(late: PromiseLike<unknown>): Error {
  late.then(undefined, () => {});
  return wouldBlockError('the answer comes later: only an asynchronous call can wait for it');
}
