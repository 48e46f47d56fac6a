/**
 * Modules whose memory is larger than 2 GiB and whose addresses are made in every way: constants, 32 bits of all that makes them, offsets, what is
 * reloaded around calls, a memory that grows in between. wazero's compiler against V8 and the interpreter; memory is looked at where something was
 * written. `npm run sanitize -- assert` runs it on a build whose machine code computes each address twice.
 */
import { wat } from '../../support/wat.mjs';
import { difference, finding, V8, Wazero } from '../differential.mjs';

const pages = 33_000; // over 2 GiB
const edges = [
  0,
  8,
  0x7ffffff0,
  0x80000000,
  0x80000010,
  0x80ff0000,
  ((pages << 16) >>> 0) - 32,
  0xfffffff0,
  0xffffffff,
];
/** Where an access of 16 bytes is inside. */
const inside = edges.filter((at) => at + 32 <= pages * 65536);
const constants = [0, 1, 4, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffc];
const loads = [
  'i32.load',
  'i64.load',
  'f32.load',
  'f64.load',
  'i32.load8_s',
  'i32.load8_u',
  'i32.load16_s',
  'i32.load16_u',
  'i64.load8_s',
  'i64.load16_u',
  'i64.load32_s',
  'i64.load32_u',
  'v128.load',
  'v128.load8_splat',
  'v128.load64_splat',
  'v128.load32_zero',
  'v128.load64_zero',
  'v128.load8x8_s',
];
const stores = [
  ['i32.store', 'i32'],
  ['i64.store', 'i64'],
  ['i32.store8', 'i32'],
  ['i32.store16', 'i32'],
  ['i64.store32', 'i64'],
  ['f32.store', 'f32'],
  ['f64.store', 'f64'],
];

class Generator {
  #random;
  constructor(random) {
    this.#random = random;
  }

  module() {
    const random = this.#random;
    const functions = Array.from(
      { length: 6 },
      (
        _,
        i,
      ) => `(func (export "f${i}") (param $p i32) (param $q i64) (result i64) (local $a i32) (local $b i32) (local $s i64)
        ${this.#statements(1 + random.below(10))} (local.get $s))`,
    );
    return `(module (memory (export "memory") ${pages} ${pages + 16}) (table 8 funcref) (elem (i32.const 0) $nothing $same)
      (type $t (func (param i32) (result i32))) (global $g (mut i32) (i32.const -8))
      (data (i32.const 0x80000010) "\\80\\ff\\10\\00\\00\\80\\ff\\ff") (data (i32.const 8) "\\80\\ff\\10\\00\\00\\80\\ff\\ff")
      (func $nothing) (func $same (param i32) (result i32) (local.get 0)) (func $two (param i32) (result i64 i32) (i64.const -1) (local.get 0))
      ${functions.join('\n')})`;
  }

  /** Mostly small: a function ends with the first access that traps. */
  #offset() {
    const random = this.#random;
    if (random.oneIn(3)) return random.pick(constants);
    return random.oneIn(2) ? 0 : random.below(16);
  }

  #statements(count) {
    return Array.from({ length: count }, () => this.#statement()).join('\n');
  }

  #statement() {
    const random = this.#random;
    const access = `offset=${this.#offset()} ${this.#address(2)}`;
    switch (random.below(9)) {
      case 0:
        return '(call $nothing)';
      case 1:
        return `(local.set $${random.pick(['a', 'b'])} ${this.#address(3)})`;
      case 2: {
        // Twice, with a call between: the second needs no check, and makes its address anew.
        const offset = this.#offset();
        const address = random.oneIn(2) ? `(i32.const ${random.pick(inside)})` : this.#address(2);
        const [first, second] = [
          this.#load(`offset=${offset} (local.get $a)`),
          this.#load(`offset=${offset} (local.get $a)`),
        ];
        return `(local.set $a ${address}) ${first} ${random.pick(['(call $nothing)', '(drop (memory.grow (i32.const 1)))'])} ${second}`;
      }
      case 3: {
        const [store, type] = random.pick(stores);
        return `(${store} ${access} (${type}.const ${random.below(100)}))`;
      }
      case 4:
        return `(if (i32.and (local.get $p) (i32.const 1)) (then ${this.#load(access)}) (else (local.set $b ${this.#address(2)})))`;
      case 5:
        return `(memory.fill ${this.#address(1)} (i32.const 7) (i32.const ${random.below(20)}))`;
      case 6:
        return `(memory.copy ${this.#address(1)} ${this.#address(1)} (i32.const ${random.below(20)}))`;
      default:
        return this.#load(access);
    }
  }

  /** Its result goes into $s, so that it is seen and not left out. */
  #load(access) {
    const load = this.#random.pick(loads);
    const type = load.slice(0, load.indexOf('.'));
    const value = {
      i32: (text) => `(i64.extend_i32_u ${text})`,
      i64: (text) => text,
      f32: (text) => `(i64.extend_i32_u (i32.reinterpret_f32 ${text}))`,
      f64: (text) => `(i64.reinterpret_f64 ${text})`,
      v128: (text) => `(i64x2.extract_lane 1 ${text})`,
    }[type](`(${load} ${access})`);
    return `(local.set $s (i64.xor (i64.rotl (local.get $s) (i64.const 7)) ${value}))`;
  }

  #address(depth) {
    const random = this.#random;
    const constant = () => `(i32.const ${random.pick(random.oneIn(2) ? edges : constants)})`;
    const one = () => this.#address(depth - 1);
    if (depth <= 0)
      return random.pick([
        constant(),
        '(local.get $p)',
        '(local.get $a)',
        '(local.get $b)',
        '(i32.wrap_i64 (local.get $q))',
      ]);
    const shift = random.below(5);
    return random.pick([
      () => constant(),
      () => '(local.get $p)',
      () => '(local.get $a)',
      () =>
        `(i32.${random.pick(['add', 'sub', 'mul', 'and', 'or', 'xor', 'rotl', 'shr_s', 'shr_u', 'shl'])} ${one()} ${one()})`,
      () => `(i32.shl ${one()} (i32.const ${shift}))`,
      () => `(i32.add (i32.shl ${one()} (i32.const ${shift})) ${constant()})`,
      () => `(i32.extend${random.pick(['8', '16'])}_s ${one()})`,
      () =>
        `(i32.wrap_i64 (i64.${random.pick(['add', 'mul', 'shr_s', 'rotr'])} (local.get $q) (i64.extend_i32_${random.pick(['s', 'u'])} ${one()})))`,
      () =>
        `(${random.pick(['i32.load', 'i32.load8_s', 'i32.load16_s', 'i32.load8_u'])} ${random.pick(['(i32.const 8)', '(i32.const 0x80000010)', '(i32.const 0x80000011)'])})`,
      () => `(select ${one()} ${one()} (i32.lt_u ${one()} ${one()}))`,
      () => `(call $same ${one()})`,
      () =>
        `(call_indirect (type $t) ${one()} (i32.and ${random.pick(['(local.get $p)', '(i32.const 1)'])} (i32.const 1)))`,
      () => `(global.get $g)`,
      () => `(block (result i32) (br_if 0 ${one()} (local.get $p)))`,
      () => `(i32x4.extract_lane 1 (i32x4.splat ${one()}))`,
      () => `(i8x16.extract_lane_s 0 (i8x16.splat ${one()}))`,
      () => `(i32.trunc_sat_f64_s (f64.convert_i32_s ${one()}))`,
      () => `(i32.trunc_sat_f64_u (f64.convert_i32_u ${one()}))`,
      () => '(memory.size)',
      () => `(block (result i32) (call $two ${one()}) (local.set $b) (drop) (local.get $b))`,
    ])();
  }
}

/** The first and last bytes, and those around the edges: two GiB more would take too long. */
const seen = (bytes) =>
  Buffer.concat(
    edges.filter((at) => at < bytes.length).map((at) => Buffer.from(bytes.slice(Math.max(at - 64, 0), at + 128))),
  );

export function open() {
  const compiler = new Wazero('compiler', Wazero.features.v8, seen);
  const interpreter = new Wazero('interpreter', Wazero.features.v8, seen);
  const v8 = new V8(seen);
  const counts = { modules: 0, calls: 0 };
  return {
    counts,
    async run(random) {
      const bytes = wat(new Generator(random).module());
      const calls = Array.from({ length: 12 }, (_, i) => ({
        name: `f${i % 6}`,
        args: [random.oneIn(2) ? random.i32() : random.pick(edges) | 0, random.i64()],
        endless: random.oneIn(2),
      }));
      const one = await compiler.run(await compiler.compile(bytes), calls, random.oneIn(4));
      const different = difference(one, v8.run(bytes, calls), calls);
      if (different) throw finding(`compiler / V8: ${different}`, bytes);
      if (random.oneIn(4)) {
        const other = await interpreter.run(await interpreter.compile(bytes), calls, false);
        const again = difference(one, other, calls);
        if (again) throw finding(`compiler / interpreter: ${again}`, bytes);
      }
      counts.modules++;
      counts.calls += one.calls.length;
    },
    async close() {
      await compiler.close();
      await interpreter.close();
    },
  };
}
