/**
 * Loads and stores of every width at every distance from the end of a memory, of what it has grown to, and of 4 GiB, several in a function, in branches and loops,
 * around calls and memory.grow: wazero's compiler with guard pages, and with comparisons, against V8. What is near the ends is compared afterwards.
 */
import { asWord, functions, loads, stores } from '../../support/boundaries/functions.mjs';
import { wat } from '../../support/wat.mjs';
import { difference, finding, V8, Wazero } from '../differential.mjs';

const page = 65_536;
const sizes = [0, 1, 1, 2, 3, 16, 17, 257, 32_767, 32_768, 32_769, 65_534, 65_535, 65_536];
const offsets = [
  0, 0, 0, 1, 2, 3, 4, 7, 8, 15, 16, 4095, 65_535, 65_536, 0x7fffffff, 0x80000000, 0xfffeffff, 0xfffffff0, 0xffffffff,
];

class Generator {
  #random;
  /** Where something may end: the memory now, and after it has grown. */
  ends;
  constructor(random) {
    this.#random = random;
    this.pages = random.pick(sizes);
    this.grow = Math.min(random.pick([0, 1, 1, 2, 15]), 65_536 - this.pages);
    this.ends = [this.pages, this.pages + this.grow, 65_536, 32_768].map((pages) => pages * page);
  }

  module() {
    const list = Array.from(
      { length: 8 },
      (_, i) => `(func (export "f${i}") (param $p i32) (param $q i32) (result i64) (local $s i64) (local $a i32)
      ${this.#statements(1 + this.#random.below(6))} (local.get $s))`,
    );
    // Of the 1,580 of the tests some, which know their neighbours.
    const known = Array.from(
      { length: 4 },
      (_, i) => `(func (export "f${8 + i}") (param i32 i32) (result i64) (local i64)
      ${this.#random.pick(functions).body.replaceAll('(local.get 1)', '(local.get 2)').replaceAll('(local.set 1', '(local.set 2')})`,
    );
    return `(module (memory (export "memory") ${this.pages} ${this.pages + this.grow}) (data $d "abcdefgh") (global $g (mut i64) (i64.const 0))
      (func $mix (param v128) (result i64) (i64.xor (i64x2.extract_lane 0 (local.get 0)) (i64x2.extract_lane 1 (local.get 0))))
      (func $zero (result i64) (i64.const 0)) (func $nothing)
      ${['i32', 'i64', 'f32', 'f64'].map((type) => `(func $same_${type} (param ${type}) (result ${type}) (local.get 0))`).join(' ')}
      ${list.join('\n')} ${known.join('\n')})`;
  }

  /** Near an end, on either side of it, as i32. */
  near() {
    const random = this.#random;
    const distance = random.oneIn(4) ? random.below(70_000) - 35_000 : random.below(40) - 20;
    return (random.pick(this.ends) + distance) | 0;
  }

  #address() {
    const random = this.#random;
    return random.pick([
      () => '(local.get $p)',
      () => '(local.get $p)',
      () => '(local.get $q)',
      () => '(local.get $a)',
      () => `(i32.const ${this.near()})`,
      () => `(i32.add (local.get $p) (i32.const ${random.below(64) - 32}))`,
      () => `(i32.sub (local.get $q) (local.get $a))`,
      () => `(i32.add (i32.shl (local.get $a) (i32.const ${random.below(4)})) (local.get $p))`,
      () => `(i32.wrap_i64 (i64.add (i64.extend_i32_u (local.get $p)) (i64.const ${random.below(16)})))`,
      () => `(select (local.get $p) (local.get $q) (local.get $a))`,
    ])();
  }

  /** Every other one is close enough that its offset does not lead far away. */
  #access() {
    const offset = this.#random.oneIn(2) ? this.#random.below(24) : this.#random.pick(offsets);
    return `offset=${offset} ${this.#address()}`;
  }

  #load() {
    const [load, type] = this.#random.pick(Object.entries(loads));
    const value = `(${load} ${this.#access()})`;
    if (this.#random.oneIn(4)) return `(drop ${value})`;
    return `(local.set $s (i64.xor (i64.rotl (local.get $s) (i64.const 7)) ${asWord[type](value)}))`;
  }

  #statements(count) {
    return Array.from({ length: count }, () => this.#statement()).join('\n');
  }

  #statement() {
    const random = this.#random;
    const [store, value] = random.pick(Object.entries(stores));
    return random.pick([
      () => this.#load(),
      () => this.#load(),
      () => this.#load(),
      () => `(${store} ${this.#access()} (${value}))`,
      () => `(${store} ${this.#access()} (${value}))`,
      () => '(call $nothing)',
      () => `(drop (memory.grow (i32.const ${random.below(2)})))`,
      () => `(local.set $a ${random.oneIn(2) ? this.#address() : `(i32.const ${random.below(20)})`})`,
      () => `(if (i32.and (local.get $q) (i32.const 1)) (then ${this.#load()}) (else ${this.#load()}))`,
      () => `(memory.fill ${this.#address()} (i32.const 7) (i32.const ${random.below(20)}))`,
      () => `(memory.copy ${this.#address()} ${this.#address()} (i32.const ${random.below(20)}))`,
      // Up to the end, or down from behind it.
      () =>
        `(local.set $a (i32.const 0)) (loop ${this.#load()} (br_if 0 (i32.lt_u (local.tee $a (i32.add (local.get $a) (i32.const 1))) (i32.const ${1 + random.below(24)}))))`,
    ])();
  }
}

export function open() {
  let ends = [];
  const seen = (bytes) =>
    Buffer.concat(
      [0, ...ends].map((end) =>
        Buffer.from(
          bytes.slice(Math.max(Math.min(end, bytes.length) - 36_000, 0), Math.min(end + 36_000, bytes.length)),
        ),
      ),
    );
  const guarded = new Wazero('compiler', Wazero.features.v8, seen, { guardPages: true });
  const compared = new Wazero('compiler', Wazero.features.v8, seen, { guardPages: false });
  const v8 = new V8(seen);
  const counts = { modules: 0, calls: 0, traps: 0 };
  return {
    counts,
    async run(random) {
      const generator = new Generator(random);
      const bytes = wat(generator.module());
      ends = generator.ends;
      const calls = Array.from({ length: 48 }, (_, i) => ({
        name: `f${i % 12}`,
        args: [
          random.oneIn(8) ? random.i32() : generator.near(),
          random.oneIn(2) ? random.below(64) : generator.near(),
        ],
        endless: random.oneIn(2),
      }));
      const expected = v8.run(bytes, calls);
      for (const [name, engine] of [
        ['with guard pages', guarded],
        ['compared', compared],
      ]) {
        const one = await engine.run(await engine.compile(bytes), calls, random.oneIn(4));
        const different = difference(one, expected, calls);
        if (different) throw finding(`${name} / V8: ${different}`, bytes);
      }
      counts.modules++;
      counts.calls += expected.calls.length;
      counts.traps += expected.calls.filter((result) => result === 'memory').length;
    },
    async close() {
      await guarded.close();
      await compared.close();
    },
  };
}
