import { clearTimeout, setTimeout } from 'node:timers';
import type { Module, ModuleImage } from '../index.js';
import { now } from '../values/node.js';

/** An instance that nobody has, as it was made of that image. */
export interface Spare {
  readonly image: ModuleImage;
  readonly kernel: Module;
  readonly main: Module;
  /** What it is linked with is there until then. */
  release(): void;
}

interface Kind {
  /** Instances that were asked for. */
  asked: number;
  /** What the plugin's module begins with, before any of its code has run. null: there cannot be one. */
  image: ModuleImage | null | undefined;
  readonly spares: Spare[];
  usedAt: number;
}

const mostKinds = 16;
const mostSparesOfKind = 8;
/** Bytes of memory of all spares together. */
const mostBytes = 64 * 2 ** 20;

const bytesOf = ({ kernel, main }: Spare): number => (kernel.memory?.size() ?? 0) + (main.memory?.size() ?? 0);

/**
 * Instances whose plugins were closed, for the next plugins of the same kind: same code, same imports, same limits, and no tenant (`kindOf` of
 * program.ts). They were reset before they came here, to images that were taken before any code of the plugin ran, so there is nothing of an owner
 * in them; whoever takes one initializes it as if it were new.
 *
 * They are few, small, and gone when nobody has asked for their kind for a while.
 */
export class Pool {
  /** The one that was used last is the last. */
  readonly #kinds = new Map<string, Kind>();
  readonly #keptMs: number;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  #use(key: string): Kind {
    const kind = this.#kinds.get(key) ?? { asked: 0, image: undefined, spares: [], usedAt: 0 };
    this.#kinds.delete(key);
    this.#kinds.set(key, kind);
    kind.usedAt = now();
    if (this.#kinds.size > mostKinds) this.#drop(this.#kinds.keys().next().value as string);
    this.#timer ??= setTimeout(() => this.#sweep(), this.#keptMs).unref();
    return kind;
  }

  /** One that is the caller's from now on; or the image, if there is one; or whether the caller is to give one. */
  ask(key: string): {
    readonly spare?: Spare | undefined;
    readonly image?: ModuleImage | undefined;
    readonly wantsImage?: boolean;
  } {
    const kind = this.#use(key);
    const spare = kind.spares.pop();
    if (spare) {
      this.#bytes -= bytesOf(spare);
      return { spare };
    }
    kind.asked++;
    // Who makes one plugin and no other gains nothing.
    return { image: kind.image ?? undefined, wantsImage: kind.asked > 1 && kind.image === undefined };
  }
  /** null: it cannot be frozen. It is the pool's. */
  setImage(key: string, image: ModuleImage | null): void {
    const kind = this.#use(key);
    if (kind.image === undefined) kind.image = image;
    else image?.closeSync();
  }

  /** False: it is the caller's as before. */
  give(key: string, spare: Spare): boolean {
    const kind = this.#kinds.get(key);
    if (kind?.image !== spare.image || kind.spares.length >= mostSparesOfKind) return false;
    const bytes = bytesOf(spare);
    if (this.#bytes + bytes > mostBytes) return false;
    this.#bytes += bytes;
    this.#use(key).spares.push(spare);
    return true;
  }

  /** Whether there was anything. */
  clear(): boolean {
    const had = this.#kinds.size > 0;
    for (const key of [...this.#kinds.keys()]) this.#drop(key);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return had;
  }

  #sweep(): void {
    this.#timer = undefined;
    const at = now();
    for (const [key, { usedAt }] of [...this.#kinds]) if (at - usedAt >= this.#keptMs) this.#drop(key);
    if (this.#kinds.size > 0) this.#timer = setTimeout(() => this.#sweep(), this.#keptMs).unref();
  }
  #drop(key: string): void {
    const kind = this.#kinds.get(key);
    this.#kinds.delete(key);
    for (const spare of kind?.spares ?? []) {
      this.#bytes -= bytesOf(spare);
      discard(spare);
    }
    kind?.image?.closeSync();
  }
}

function discard({ main, kernel, release }: Spare): void {
  void main.close();
  void kernel.close();
  release();
}
