/**
 * Random guests over memories, tables and globals that the host makes, functions that are put from one guest into another's table, and closes of all of
 * them, in both lanes, next to memories that hold secrets. Whatever comes in between: a guest reads what its memory holds for as long as the guest
 * lives, also where it is called through a table of others; nobody reads or changes what is another's; and no two calls run in one memory.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { interruptible } from '../support/guests.js';
import {
  type CompiledModule,
  type FunctionReference,
  type Global,
  isWazeroError,
  type Memory,
  type Module,
  ModuleConfig,
  Runtime,
  type Table,
  Tenant,
} from '../support/package.js';
import { settled } from '../support/settled.js';
import { wat } from '../support/wat.mjs';

const runs = Number(process.env.WAZERO_LINKS_RUNS || 400);
const seconds = Number(process.env.WAZERO_LINKS_SECONDS || 20);

const [pages, slots] = [2, 3];
const sizes = `${pages} ${pages + 2}`;
// At 64 the memory's number, at 128 the number of the call that runs.
const guest = wat(`(module
  (import "a" "m" (memory ${sizes})) (import "a" "t" (table $t ${slots} funcref)) (import "a" "g" (global $g (mut funcref))) (import "a" "pause" (func $pause))
  (type $f (func (param i32) (result i32))) (table $own 1 funcref)
  (func (export "number") (param i32) (result i32) (i32.load (i32.const 64)))
  (func (export "grow") (param i32) (result i32) (drop (memory.grow (i32.const 1))) (i32.load (i32.const 64)))
  (func (export "spin") (param i32) (result i32) (local $i i32)
    (i32.store (i32.const 128) (local.get 0)) (local.set $i (i32.const 20000))
    (loop $l
      (if (i32.ne (i32.load (i32.const 128)) (local.get 0)) (then (return (i32.const 0))))
      (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (i32.load (i32.const 64)))
  (func (export "wait") (param i32) (result i32)
    (i32.store (i32.const 128) (local.get 0)) (call $pause)
    (select (i32.load (i32.const 64)) (i32.const 0) (i32.eq (i32.load (i32.const 128)) (local.get 0))))
  (func (export "through") (param i32 i32) (result i32) (call_indirect $t (type $f) (local.get 1) (local.get 0)))
  (func (export "global") (param i32) (result i32) (table.set $own (i32.const 0) (global.get $g)) (call_indirect $own (type $f) (local.get 0) (i32.const 0))))`);
const victim = wat(`(module (memory (export "memory") ${pages} ${pages}))`);
const secret = 0x5ec2e700;

const functions = ['number', 'spin', 'wait', 'grow'] as const;
type Operation =
  | { op: 'extern' | 'guest' | 'pass' | 'release'; a: number; b: number; sync: boolean }
  | {
      op: 'call' | 'put' | 'through' | 'global' | 'keep' | 'refer' | 'close' | 'closeExtern' | 'write';
      a: number;
      b: number;
      sync: boolean;
    };
const some = <O extends Operation['op']>(weight: number, ...of: O[]) => ({
  weight,
  arbitrary: fc.record({ op: fc.constantFrom(...of), a: fc.nat(20), b: fc.nat(20), sync: fc.boolean() }),
});
const operation = fc.oneof(
  some(4, 'extern', 'guest'),
  some(16, 'call', 'through', 'global', 'refer', 'write'),
  some(8, 'put', 'keep'),
  some(1, 'close', 'closeExtern'),
  some(6, 'pass', 'release', 'release'),
) as fc.Arbitrary<Operation>;

/** A memory, table or global, with all that was ever put into it: the numbers of memories. */
interface Extern<T> {
  readonly it: T;
  readonly tenant: Tenant;
  readonly seen: Set<number>[];
}
interface Guest {
  readonly module: Module;
  readonly number: number;
  readonly table: Extern<Table>;
  readonly global: Extern<Global>;
}

/** What is refused is refused with one of our own errors. */
function typed(error: unknown): void {
  if (!isWazeroError(error)) throw error;
}

class Play {
  readonly #runtime = new Runtime(interruptible());
  readonly #others = new Runtime(interruptible());
  readonly #memories: Extern<Memory>[] = [];
  readonly #tables: Extern<Table>[] = [];
  readonly #globals: Extern<Global>[] = [];
  readonly #guests: Guest[] = [];
  readonly #victims: Module[] = [];
  readonly #pauses: (() => void)[] = [];
  readonly #going = new Set<Promise<unknown>>();
  readonly #wrong: string[] = [];
  readonly #compiled: CompiledModule;
  #calls = 0;

  constructor() {
    this.#compiled = this.#runtime.compileModuleSync(guest);
    for (let i = 0; i < 3; i++) {
      this.makeExtern();
      this.makeGuest(i, i); // each for itself
    }
  }

  makeExtern(): void {
    if (this.#memories.length >= 6) return;
    const made = <T>(name: string, make: (tenant: Tenant) => T, places: number): Extern<T> => {
      const tenant = new Tenant(name);
      return { it: make(tenant), tenant, seen: Array.from({ length: places }, () => new Set()) };
    };
    const number = this.#memories.length + 1;
    const memory = made('m', (tenant) => this.#runtime.newMemory({ min: pages, max: pages + 2, tenant }), 0);
    memory.it.writeUint32Le(64, number);
    this.#memories.push(memory);
    this.#tables.push(made('t', (tenant) => this.#runtime.newTable({ min: slots, tenant }), slots));
    this.#globals.push(made('g', (tenant) => this.#runtime.newGlobal('funcref', null, { mutable: true, tenant }), 1));
  }

  makeGuest(a: number, b: number): void {
    const at = a % this.#memories.length;
    const [memory, table] = [this.#memories[at]!, this.#tables[b % this.#tables.length]!];
    const global = this.#globals[(a + b) % this.#globals.length]!;
    const pause = () => new Promise<void>((resolve) => this.#pauses.push(resolve));
    const imports = [memory.it, table.it, global.it, pause];
    this.#try(() => {
      const module = this.#runtime.instantiateModuleSync(this.#compiled, new ModuleConfig().withName(''), { imports });
      this.#guests.push({ module, number: at + 1, table, global });
    });
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      typed(error);
    }
  }
  #go(work: Promise<unknown>): void {
    const settled = work.catch(typed).finally(() => this.#going.delete(settled));
    this.#going.add(settled);
    settled.catch((error: unknown) => this.#wrong.push(String(error)));
  }
  #guest(which: number): Guest {
    return this.#guests[which % this.#guests.length]!;
  }

  /** It answers the number of one of those memories. */
  #call({ module }: Guest, name: string, args: number[], expected: ReadonlySet<number>, inSync: boolean): void {
    const look = (value: unknown) => {
      if (!expected.has(value as number))
        this.#wrong.push(`Expected ${name} to answer one of ${[...expected]} but it answered ${value}`);
    };
    const found = module.exportedFunction(name)!;
    if (inSync) this.#try(() => look(found.callSync(...(args as never[]))));
    else this.#go(found.call(...(args as never[])).then(look));
  }

  call(a: number, b: number, inSync: boolean): void {
    const guest = this.#guest(a);
    const name = functions[b % 4]!;
    this.#call(guest, name, [++this.#calls], new Set([guest.number]), inSync && name !== 'wait');
  }
  through(a: number, b: number, inSync: boolean): void {
    const guest = this.#guest(a);
    const { seen } = guest.table;
    const filled = seen.findIndex(({ size }, slot) => size > 0 && slot >= b % slots);
    const slot = filled < 0 ? b % slots : filled;
    this.#call(guest, 'through', [slot, ++this.#calls], seen[slot]!, inSync);
  }
  global(a: number, inSync: boolean): void {
    const guest = this.#guest(a);
    this.#call(guest, 'global', [++this.#calls], guest.global.seen[0]!, inSync);
  }

  /** A function of a guest into any table, or global. */
  put(a: number, b: number, into: 'table' | 'global'): void {
    const from = this.#guest(a);
    this.#try(() => {
      const reference = from.module.exportedFunction(functions[b % 4]!)!.reference();
      if (into === 'table') {
        const table = this.#tables[b % this.#tables.length]!;
        const slot = a % slots;
        if (b % 5 === 0) table.it.fill(reference, slot, 1);
        else table.it.set(slot, reference);
        table.seen[slot]!.add(from.number);
      } else {
        const global = this.#globals[b % this.#globals.length]!;
        global.it.set(reference);
        global.seen[0]!.add(from.number);
      }
    });
  }
  /** What is in a table is called as it comes out, or moved to another. */
  refer(a: number, b: number, inSync: boolean): void {
    const table = this.#tables[a % this.#tables.length]!;
    const slot = b % slots;
    this.#try(() => {
      const reference = table.it.get(slot) as FunctionReference | null;
      if (reference === null) return;
      const look = (value: unknown) => {
        if (!table.seen[slot]!.has(value as number)) this.#wrong.push(`A reference answered ${value}`);
      };
      if (b % 3 === 0) {
        const other = this.#tables[b % this.#tables.length]!;
        other.it.set(slot, reference);
        for (const number of table.seen[slot]!) other.seen[slot]!.add(number);
      } else if (inSync) look(reference.callSync(++this.#calls));
      else this.#go(reference.call(++this.#calls).then(look));
    });
  }
  write(a: number): void {
    const number = (a % this.#memories.length) + 1;
    this.#try(() => {
      const { it } = this.#memories[number - 1]!;
      if (it.readUint32Le(64) !== number) this.#wrong.push(`A memory is not that of ${number}`);
      const bytes = new Uint8Array(it.buffer);
      if (bytes[64] !== number) this.#wrong.push(`A buffer is not that of ${number}`);
    });
  }

  closeOne(a: number, inSync: boolean): void {
    const { module } = this.#guest(a);
    if (inSync) this.#try(() => module.closeSync());
    else this.#go(module.close());
    this.#reuse();
  }
  closeExtern(a: number, b: number): void {
    const all = [this.#memories, this.#tables, this.#globals][b % 3]!;
    this.#go(all[a % all.length]!.tenant.close());
    this.#reuse();
  }
  /** Whoever comes next gets what was given back. */
  #reuse(): void {
    if (this.#victims.length >= 12) return;
    const module = this.#others.instantiateSync(victim, new ModuleConfig().withName(''));
    for (const at of [64, 128]) module.memory?.writeUint32Le(at, secret + this.#victims.length);
    this.#victims.push(module);
  }

  release(): void {
    this.#pauses.shift()?.();
  }
  async end(): Promise<void> {
    await settled(this.#going, () => this.release());
    for (let i = 0; i < this.#guests.length; i++) this.call(i, 0, true);
    this.#victims.forEach(({ memory }, i) => {
      for (const at of [64, 128]) expect(memory?.readUint32Le(at)).toBe(secret + i);
    });
    expect(this.#wrong).toEqual([]);
  }
  async close(): Promise<void> {
    await Promise.all([this.#runtime.close(), this.#others.close()]);
  }
}

async function play(operations: readonly Operation[]): Promise<void> {
  const game = new Play();
  try {
    for (const { op, a, b, sync } of operations) {
      if (op === 'extern') game.makeExtern();
      else if (op === 'guest') game.makeGuest(a, b);
      else if (op === 'call') game.call(a, b, sync);
      else if (op === 'through') game.through(a, b, sync);
      else if (op === 'global') game.global(a, sync);
      else if (op === 'put') game.put(a, b, 'table');
      else if (op === 'keep') game.put(a, b, 'global');
      else if (op === 'refer') game.refer(a, b, sync);
      else if (op === 'write') game.write(a);
      else if (op === 'close') game.closeOne(a, sync);
      else if (op === 'closeExtern') game.closeExtern(a, b);
      else if (op === 'release') game.release();
      else await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await game.end();
  } finally {
    await game.close();
  }
}

needsEdit('e16made')(
  `${runs} random sequences of guests over what the host makes, and of functions in each other’s tables`,
  async () => {
    let played = 0;
    const property = fc.asyncProperty(
      fc.array(operation, { minLength: 10, maxLength: 80, size: 'max' }),
      (operations) => {
        played++;
        return play(operations);
      },
    );
    await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: seconds * 1000, endOnFailure: false });
    console.log(`links of what the host makes: ${played} sequences`);
    expect(played).toBeGreaterThan(5);
  },
  (seconds + 60) * 1000,
);
