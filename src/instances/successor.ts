import { type Frame, heldIn, waitingIn } from '../calls/frames.js';
import type { ClosedBy, Instance } from '../calls/link-group.js';
import { nextTurn } from '../calls/turns.js';
import { closedError } from '../values/errors.js';

interface Closable extends Instance {
  close(exitCode: number): Promise<void>;
}
/** Makes another module of the same image; `failed` hears of it where that fails later. */
type Heir = (failed: (error: unknown) => void) => Closable;

/**
 * What becomes of calls that wait when the end of another call closes their module: of one that was made of an image they go on, in their order,
 * in another of that image, which nobody else has, and which is closed behind them. One of them may close that in turn, and has a successor as well.
 */
export class Succession {
  readonly #module: Instance;
  readonly #heir: Heir;
  #next: Closable | undefined;

  constructor(module: Instance, heir: Heir) {
    this.#module = module;
    this.#heir = heir;
  }

  /** Nothing else is joined with it, and it was not its guest, nor its owner, that wanted to end. */
  isOf(why: ClosedBy | undefined): boolean {
    return why !== undefined && why.reason !== 'exit' && this.#module.group.modules.size === 1;
  }

  /** The native half of the first is closed. */
  begin(): void {
    if (heldIn(this.#module).length > 0) nextTurn(this); // what it had is given back by then
  }
  /** Of nextTurn. */
  turn(): void {
    const held = heldIn(this.#module);
    if (held.length === 0) return;
    try {
      const next = this.#heir((error) => this.#end(waitingIn(next), error));
      this.#next = next;
      for (const frame of held) frame.moveTo(next);
      next.group.whenIdle = () => {
        if (!next.closed) void next.close(0); // else it has a successor of its own
      };
    } catch (error) {
      this.#end(held, error);
    }
  }
  #end(frames: readonly Frame<Instance>[], error: unknown): void {
    const why = `no other module could be made of its image: ${error instanceof Error ? error.message : String(error)}`;
    for (const frame of frames)
      frame.cancel(closedError(`this call waited and did not run, for the module is closed, and ${why}`));
  }

  /** Whoever closes the first means the others, too. */
  async close(exitCode: number, error: () => Error): Promise<void> {
    for (const frame of heldIn(this.#module)) frame.cancel(error());
    await this.#next?.close(exitCode);
  }
}
