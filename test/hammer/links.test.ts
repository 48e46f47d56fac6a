/**
 * Random instantiations, closes and calls of named libraries and their users, in both lanes, next to memories that hold secrets. Whatever
 * comes in between: a user reads what its library's memory holds for as long as the user lives, nobody reads or changes what is another's,
 * and no two calls run in one memory.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { interruptible } from '../support/guests.js';
import { isWazeroError, type Module, ModuleConfig, Runtime } from '../support/package.js';
import { settled } from '../support/settled.js';
import { wat } from '../support/wat.mjs';

const runs = Number(process.env.WAZERO_LINKS_RUNS || 400);
const seconds = Number(process.env.WAZERO_LINKS_SECONDS || 20);

// At 64 the library's number, at 128 the number of the call that runs, at 192 what users write.
const functions = `
  (func (export "number") (param i32) (result i32) (i32.load (i32.const 64)))
  (func (export "write") (param i32) (result i32) (i32.store (i32.const 192) (local.get 0)) (i32.const 1))
  (func (export "spin") (param i32) (result i32) (local $i i32)
    (i32.store (i32.const 128) (local.get 0)) (local.set $i (i32.const 20000))
    (loop $l
      (if (i32.ne (i32.load (i32.const 128)) (local.get 0)) (then (return (i32.const 0))))
      (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (i32.const 1))
  (func (export "wait") (param i32) (result i32)
    (i32.store (i32.const 128) (local.get 0)) (call $pause) (i32.eq (i32.load (i32.const 128)) (local.get 0)))`;
const pages = 4;
const pause = '(import "env" "pause" (func $pause))';
const library =
  wat(`(module (import "env" "number" (func $number (result i32))) ${pause} (memory (export "memory") ${pages} ${pages})
  (func $start (i32.store (i32.const 64) (call $number))) (start $start) ${functions})`);
const users = ['a', 'b'].map((name) =>
  wat(`(module (import "${name}" "memory" (memory ${pages} ${pages})) ${pause} ${functions})`),
);
const victim = wat(`(module (memory (export "memory") ${pages} ${pages}))`);
const secret = 0x5ec2e700;

type Operation =
  | { op: 'library' | 'user'; name: 0 | 1; sync: boolean }
  | { op: 'call'; which: number; fn: 'number' | 'write' | 'spin' | 'wait'; sync: boolean }
  | { op: 'close'; which: number; sync: boolean }
  | { op: 'pass' | 'release' };
const sync = fc.boolean();
const which = fc.nat(11);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constantFrom('library', 'user'), name: fc.constantFrom(0, 1), sync }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('call'),
      which,
      fn: fc.constantFrom('number', 'write', 'spin', 'wait'),
      sync,
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('close'), which, sync }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('pass', 'release') }) },
) as fc.Arbitrary<Operation>;

interface Instance {
  module: Module;
  /** The library's number, once it was seen. */
  number: number | undefined;
}

/** What is refused is refused with one of our own errors. */
function typed(error: unknown): void {
  if (!isWazeroError(error)) throw error;
}

class Play {
  readonly #runtime: Runtime;
  readonly #others: Runtime;
  readonly #instances: Instance[] = [];
  readonly #victims: Module[] = [];
  readonly #pauses: (() => void)[] = [];
  readonly #going = new Set<Promise<unknown>>();
  readonly #wrong: string[] = [];
  #numbers = 0;
  #calls = 0;

  constructor() {
    this.#runtime = new Runtime(interruptible());
    this.#others = new Runtime(interruptible());
  }

  async begin(): Promise<{ libraries: CompiledOf; users: CompiledOf[]; victim: CompiledOf }> {
    await this.#runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(() => ++this.#numbers, [], ['i32'])
      .export('number')
      .newFunctionBuilder()
      .withFunction(() => new Promise<void>((resolve) => this.#pauses.push(resolve)), [], [])
      .export('pause')
      .instantiate();
    return {
      libraries: await this.#runtime.compileModule(library),
      users: await Promise.all(users.map((user) => this.#runtime.compileModule(user))),
      victim: await this.#others.compileModule(victim),
    };
  }

  #go(work: Promise<unknown>): void {
    const settled = work.catch(typed).finally(() => this.#going.delete(settled));
    this.#going.add(settled);
    settled.catch((error: unknown) => this.#wrong.push(String(error)));
  }

  instantiate(compiled: CompiledOf, name: string, inSync: boolean): void {
    const config = new ModuleConfig().withName(name);
    const add = (module: Module) => this.#instances.push({ module, number: undefined });
    if (inSync) {
      try {
        add(this.#runtime.instantiateModuleSync(compiled, config));
      } catch (error) {
        typed(error);
      }
    } else this.#go(this.#runtime.instantiateModule(compiled, config).then(add));
  }

  call(which: number, fn: string, inSync: boolean): void {
    const instance = this.#instances[which % Math.max(this.#instances.length, 1)];
    if (!instance) return;
    const look = (value: number) => {
      if (fn === 'number') {
        instance.number ??= value;
        if (value < 1 || value > this.#numbers || value !== instance.number)
          this.#wrong.push(`Expected the number ${instance.number} of a library but read ${value.toString(16)}`);
      } else if (value !== 1) this.#wrong.push('Expected one runner in the memory but there were two');
    };
    const found = instance.module.exportedFunction(fn, ['i32'], ['i32']);
    const call = ++this.#calls;
    if (inSync) {
      try {
        look(found.callSync(call));
      } catch (error) {
        typed(error);
      }
    } else this.#go(found.call(call).then(look));
  }

  closeOne(which: number, inSync: boolean, next: CompiledOf): void {
    const instance = this.#instances[which % Math.max(this.#instances.length, 1)];
    if (!instance) return;
    if (inSync) {
      try {
        instance.module.closeSync();
      } catch (error) {
        typed(error);
      }
    } else this.#go(instance.module.close());
    // Whoever comes next gets what was given back.
    if (this.#victims.length < 12) {
      const module = this.#others.instantiateModuleSync(next, new ModuleConfig().withName(''));
      for (const at of [64, 128, 192]) module.memory?.writeUint32Le(at, secret + this.#victims.length);
      this.#victims.push(module);
    }
  }

  release(): void {
    this.#pauses.shift()?.();
  }

  async end(): Promise<void> {
    await settled(this.#going, () => this.release());
    for (let i = 0; i < this.#instances.length; i++) this.call(i, 'number', true);
    this.#victims.forEach(({ memory }, i) => {
      for (const at of [64, 128, 192]) expect(memory?.readUint32Le(at)).toBe(secret + i);
    });
    expect(this.#wrong).toEqual([]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#runtime.close(), this.#others.close()]);
  }
}
type CompiledOf = Awaited<ReturnType<Runtime['compileModule']>>;

async function play(operations: readonly Operation[]): Promise<void> {
  const game = new Play();
  try {
    const compiled = await game.begin();
    for (const operation of operations) {
      if (operation.op === 'library') game.instantiate(compiled.libraries, ['a', 'b'][operation.name]!, operation.sync);
      else if (operation.op === 'user') game.instantiate(compiled.users[operation.name]!, '', operation.sync);
      else if (operation.op === 'call') game.call(operation.which, operation.fn, operation.sync);
      else if (operation.op === 'close') game.closeOne(operation.which, operation.sync, compiled.victim);
      else if (operation.op === 'release') game.release();
      else await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await game.end();
  } finally {
    await game.close();
  }
}

it(
  `L9: ${runs} random sequences of instantiations, closes and calls of linked modules`,
  async () => {
    let played = 0;
    const property = fc.asyncProperty(fc.array(operation, { maxLength: 40 }), (operations) => {
      played++;
      return play(operations);
    });
    await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: seconds * 1000, endOnFailure: false });
    console.log(`links: ${played} sequences`);
  },
  (seconds + 60) * 1000,
);
