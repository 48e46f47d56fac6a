/**
 * Random operations on modules and images against a model of the state that each must have: what is frozen is what the module had at its
 * turn, a module of an image begins there, a reset puts it back, and nothing that one does is seen by another.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { type CompiledModule, type Module, ModuleConfig, type ModuleImage, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const runs = Number(process.env.WAZERO_MODEL_RUNS || 100);
const seconds = Number(process.env.WAZERO_MODEL_SECONDS || 45);

// One function changes everything there is by its argument: a global, memory, a table, a segment; it answers what it counted.
const guest =
  wat(`(module (memory (export "memory") 1 8) (global $n (mut i32) (i32.const 0)) (global $f (mut f64) (f64.const 0))
  (table $t 2 funcref) (elem (i32.const 0) $one) (elem declare func $one $two) (data $d "\\07") (type $v (func (result i32)))
  (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
  (func (export "change") (param $a i32) (result i32)
    (global.set $n (i32.add (global.get $n) (i32.add (local.get $a) (i32.const 1))))
    (global.set $f (f64.add (global.get $f) (f64.const 0.5)))
    (i32.store (i32.mul (local.get $a) (i32.const 4096)) (global.get $n))
    (if (i32.eq (local.get $a) (i32.const 5)) (then (drop (memory.grow (i32.const 1)))))
    (if (i32.eq (local.get $a) (i32.const 6)) (then (table.set $t (i32.const 0) (ref.func $two))))
    (if (i32.eq (local.get $a) (i32.const 7)) (then (table.set $t (i32.const 0) (ref.func $one))))
    (if (i32.eq (local.get $a) (i32.const 8)) (then (data.drop $d)))
    (global.get $n))
  (func (export "float") (result f64) (global.get $f))
  (func (export "slot") (result i32) (call_indirect $t (type $v) (i32.const 0)))
  (func (export "segment") (memory.init $d (i32.const 65000) (i32.const 0) (i32.const 1))))`);

interface State {
  n: number;
  changes: number;
  readonly cells: number[];
  pages: number;
  slot: number;
  dropped: boolean;
}
const copy = (state: State): State => ({ ...state, cells: [...state.cells] });
function change(state: State, a: number): number {
  state.n += a + 1;
  state.changes++;
  state.cells[a] = state.n;
  if (a === 5 && state.pages < 8) state.pages++;
  if (a === 6) state.slot = 2;
  if (a === 7) state.slot = 1;
  if (a === 8) state.dropped = true;
  return state.n;
}

/** A module, and what its calls in their order make of it. */
class Subject {
  readonly pending: Promise<void>[] = [];
  closed = false;
  readonly module: Module;
  state: State;
  /** Of its image. */
  readonly from: State | undefined;
  constructor(module: Module, state: State, from: State | undefined) {
    this.module = module;
    this.state = state;
    this.from = from;
  }

  /** Queued behind what was asked before. */
  expectLater<T>(work: Promise<T>, check: (value: T) => void): void {
    this.pending.push(
      work.then(check, (error: { code: string }) => {
        // A close that came later ends what has not begun.
        if (!this.closed || !/^ERR_WAZERO_(CLOSED|EXIT)$/.test(error.code)) throw error;
      }),
    );
  }
  async rest(): Promise<void> {
    await Promise.all(this.pending.splice(0));
    await new Promise((resolve) => setImmediate(resolve)); // the turn in which the queue goes on
  }
  async check(): Promise<void> {
    await this.rest();
    const { module, state } = this;
    const call = (name: string) => module.exportedFunction(name)!.callSync();
    const memory = module.memory!;
    expect({
      changes: (call('float') as number) * 2,
      slot: call('slot'),
      pages: memory.size() / 65_536,
      cells: state.cells.map((_, i) => memory.readUint32Le(i * 4096)),
      dropped: (await errorOf(() => call('segment'))) !== undefined,
    }).toEqual({ ...state, n: undefined });
  }
}
interface Frozen {
  readonly image: Promise<ModuleImage | undefined>;
  readonly state: State;
  closed: boolean;
}

type Operation = {
  op: 'change' | 'freeze' | 'instantiate' | 'reset' | 'close' | 'closeImage' | 'check' | 'reload';
  on: number;
  sync: boolean;
  a: number;
};
const some = <T extends Operation['op']>(...of: T[]) =>
  fc.record({ op: fc.constantFrom(...of), on: fc.nat(50), sync: fc.boolean(), a: fc.nat(9) });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: some('change') },
  { weight: 6, arbitrary: some('freeze', 'instantiate', 'reset') },
  { weight: 2, arbitrary: some('check') },
  { weight: 1, arbitrary: some('close', 'closeImage', 'reload') },
);

async function play(operations: readonly Operation[], folder: string): Promise<void> {
  await using runtime = new Runtime(interruptible());
  const compiled: CompiledModule = await runtime.compileModule(guest);
  const plain = new ModuleConfig().withName('');
  const fresh = (): State => ({ n: 0, changes: 0, cells: Array(10).fill(0), pages: 1, slot: 1, dropped: false });
  const subjects = [new Subject(await runtime.instantiateModule(compiled, plain), fresh(), undefined)];
  const images: Frozen[] = [];
  // One that is warm, an image of it and a module of that are there from the beginning: most of what can go wrong takes all three.
  const [source] = subjects as [Subject];
  for (const cell of [3, 6])
    expect(source.module.exportedFunction('change')!.callSync(cell)).toBe(change(source.state, cell));
  const first = source.module.freezeSync();
  images.push({ image: Promise.resolve(first), state: copy(source.state), closed: false });
  subjects.push(new Subject(await runtime.instantiateModule(first, plain), copy(source.state), images[0]!.state));

  for (const { op, on, sync, a } of operations) {
    const subject = subjects[on % subjects.length]!;
    const frozen = images[on % (images.length || 1)];
    const { module } = subject;
    if (sync) await subject.rest(); // also of one that is being closed: calls of it may still run
    switch (op) {
      case 'change': {
        const f = module.exportedFunction('change', ['i32'], ['i32']);
        if (subject.closed) expect(await errorOf(() => f.call(a))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
        else if (sync) expect(f.callSync(a)).toBe(change(subject.state, a));
        else {
          const expected = change(subject.state, a);
          subject.expectLater(f.call(a), (value) => expect(value).toBe(expected));
        }
        break;
      }
      case 'freeze': {
        if (subject.closed || images.length >= 6) break;
        const state = copy(subject.state);
        let image: ModuleImage | undefined;
        const work = sync ? Promise.resolve(module.freezeSync()) : module.freeze();
        subject.expectLater(work, (value) => {
          image = value;
        });
        const done = subject.pending.at(-1)!.then(() => image);
        done.catch(() => {}); // who waits for the subject hears it
        images.push({ image: done, state, closed: false });
        break;
      }
      case 'instantiate': {
        const image = await frozen?.image;
        if (!frozen || !image || subjects.length >= 8) break;
        const make = () =>
          sync ? runtime.instantiateModuleSync(image, plain) : runtime.instantiateModule(image, plain);
        if (frozen.closed) expect(await errorOf(make)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
        else subjects.push(new Subject(await make(), copy(frozen.state), frozen.state));
        break;
      }
      case 'reset':
        if (subject.from === undefined) expect(await errorOf(() => module.reset())).toBeInstanceOf(TypeError);
        else if (subject.closed)
          expect(await errorOf(() => module.reset())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
        else {
          subject.state = copy(subject.from);
          if (sync) module.resetSync();
          else subject.expectLater(module.reset(), () => {});
        }
        break;
      case 'close':
        subject.closed = true;
        if (sync) module.closeSync();
        else subject.pending.push(module.close());
        break;
      case 'closeImage': {
        const image = await frozen?.image;
        if (!frozen || !image) break;
        frozen.closed = true;
        if (sync) image.closeSync();
        else await image.close();
        break;
      }
      case 'reload': {
        const image = await frozen?.image;
        if (!frozen || !image || frozen.closed || images.length >= 6) break;
        const path = join(folder, `${images.length}.img`);
        await image.save(path);
        images.push({ image: runtime.loadImage(path, compiled), state: frozen.state, closed: false });
        break;
      }
      case 'check':
        if (!subject.closed) await subject.check();
    }
  }
  for (const subject of subjects)
    if (subject.closed) await subject.rest();
    else await subject.check();
  for (const { image } of images) await image;
}

needsEdit('e11fork')(
  `${runs} random sequences of calls, freezes, modules of images, resets and closes`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wazero-model-images-'));
    let played = 0;
    try {
      const property = fc.asyncProperty(
        fc.array(operation, { minLength: 5, maxLength: 60, size: 'max' }),
        async (operations) => {
          played++;
          await play(operations, folder);
        },
      );
      await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: seconds * 1000, endOnFailure: false });
      console.log(`model of images: ${played} sequences`);
      expect(played).toBeGreaterThan(5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  (seconds + 60) * 1000,
);
