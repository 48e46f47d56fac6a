/**
 * Functions whose accesses are near the end of a memory: every load and store at every kind of offset, a load as the operand of everything that could
 * take it from memory itself (and read less than the load does), one that nobody uses, constant and scaled addresses, bulk instructions, what stands
 * around calls and memory.grow. Each takes an i32, the address, and gives an i64. `writes`: memory is to be looked at afterwards.
 */
const offsets = [0, 1, 7, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];

export const loads = { 'i32.load': 'i32', 'i64.load': 'i64', 'f32.load': 'f32', 'f64.load': 'f64' };
for (const width of ['8_s', '8_u', '16_s', '16_u'])
  Object.assign(loads, { [`i32.load${width}`]: 'i32', [`i64.load${width}`]: 'i64' });
for (const width of ['32_s', '32_u']) loads[`i64.load${width}`] = 'i64';
for (const load of [
  'load',
  'load8_splat',
  'load16_splat',
  'load32_splat',
  'load64_splat',
  'load32_zero',
  'load64_zero',
])
  loads[`v128.${load}`] = 'v128';
for (const load of ['load8x8', 'load16x4', 'load32x2'])
  Object.assign(loads, { [`v128.${load}_s`]: 'v128', [`v128.${load}_u`]: 'v128' });

export const stores = {
  'i32.store': 'i32.const 0x01020304',
  'i64.store': 'i64.const 0x0102030405060708',
  'f32.store': 'f32.const 1.5',
  'f64.store': 'f64.const 2.5',
  'i32.store8': 'i32.const 0x01020304',
  'i32.store16': 'i32.const 0x01020304',
  'i64.store8': 'i64.const 0x0102030405060708',
  'i64.store16': 'i64.const 0x0102030405060708',
  'i64.store32': 'i64.const 0x0102030405060708',
  'v128.store': 'v128.const i64x2 0x0102030405060708 0x1112131415161718',
};

/** A value as the i64 that a function gives. */
export const asWord = {
  i32: (text) => `(i64.extend_i32_u ${text})`,
  i64: (text) => text,
  f32: (text) => `(i64.extend_i32_u (i32.reinterpret_f32 ${text}))`,
  f64: (text) => `(i64.reinterpret_f64 ${text})`,
  v128: (text) => `(call $mix ${text})`,
};

const unary = {
  i32: `i32.clz i32.ctz i32.popcnt i32.eqz i32.extend8_s i32.extend16_s i64.extend_i32_s i64.extend_i32_u f32.convert_i32_s f32.convert_i32_u
    f64.convert_i32_s f64.convert_i32_u f32.reinterpret_i32 i8x16.splat i16x8.splat i32x4.splat`,
  i64: `i64.clz i64.ctz i64.popcnt i64.eqz i64.extend8_s i64.extend16_s i64.extend32_s i32.wrap_i64 f32.convert_i64_s f32.convert_i64_u
    f64.convert_i64_s f64.convert_i64_u f64.reinterpret_i64 i64x2.splat`,
  f32: `f32.abs f32.neg f32.sqrt f32.ceil f32.floor f32.trunc f32.nearest i32.trunc_sat_f32_s i32.trunc_sat_f32_u i64.trunc_sat_f32_s
    i64.trunc_sat_f32_u i32.trunc_f32_s i64.trunc_f32_u f64.promote_f32 i32.reinterpret_f32 f32x4.splat`,
  f64: `f64.abs f64.neg f64.sqrt f64.ceil f64.floor f64.trunc f64.nearest i32.trunc_sat_f64_s i32.trunc_sat_f64_u i64.trunc_sat_f64_s
    i64.trunc_sat_f64_u i32.trunc_f64_u i64.trunc_f64_s f32.demote_f64 i64.reinterpret_f64 f64x2.splat`,
  v128: `v128.not i8x16.abs i8x16.neg i8x16.popcnt i8x16.all_true i8x16.bitmask i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_u
    i32x4.extend_low_i16x8_u i64x2.extend_low_i32x4_s f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u f64x2.promote_low_f32x4
    f32x4.demote_f64x2_zero i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f32x4.sqrt f64x2.abs f64x2.neg
    f32x4.convert_i32x4_u i16x8.extadd_pairwise_i8x16_s v128.any_true`,
};
function resultOf(instruction) {
  if (/eqz|wrap|all_true|bitmask|any_true/.test(instruction)) return 'i32';
  return /^([if]\d+x|v128)/.test(instruction) ? 'v128' : instruction.slice(0, 3);
}
const ofIntegers = 'add sub mul and or xor shl shr_s shr_u rotl rotr div_s div_u rem_s rem_u'.split(' ');
const ofFloats = 'add sub mul div min max copysign'.split(' ');
const comparisons = { i: 'eq ne lt_s lt_u gt_s le_u ge_s'.split(' '), f: 'eq ne lt gt le ge'.split(' ') };
const ofVectors = [
  'i8x16.add',
  'i32x4.mul',
  'i64x2.mul',
  'f64x2.max',
  'f32x4.min',
  'i8x16.swizzle',
  'v128.andnot',
  'i16x8.q15mulr_sat_s',
  'i32x4.dot_i16x8_s',
  'i16x8.extmul_low_i8x16_s',
  'i8x16.shuffle 0 1 2 3 20 21 22 23 8 9 10 11 28 29 30 31',
  'f32x4.lt',
  'i64x2.gt_s',
];
const lanes = [
  ['i8x16', 'i32'],
  ['i16x8', 'i32'],
  ['i32x4', 'i32'],
  ['i64x2', 'i64'],
  ['f32x4', 'f32'],
  ['f64x2', 'f64'],
];
const two = '(v128.const i64x2 0x0102030405060708 0x1112131415161718)';

function* accesses() {
  for (const [load, type] of Object.entries(loads)) {
    const at = (more = '') => asWord[type](`(${load} ${more} (local.get 0))`);
    for (const offset of offsets) yield [`${load} offset=${offset}`, at(`offset=${offset}`)];
    yield [`dropped ${load}`, `(drop (${load} (local.get 0))) (i64.const 7)`];
    yield [
      `store behind a dropped ${load}`,
      `(drop (${load} (local.get 0))) (i32.store (i32.const 0) (i32.const 99)) (i64.const 7)`,
    ];
    yield [
      `global behind ${load}`,
      `(local.set 1 ${at()}) (global.set $g (i64.add (global.get $g) (i64.const 1))) (local.get 1)`,
    ];
    yield [`${load} into a local that nobody reads`, `(local.set 1 ${at()}) (i64.const 3)`];
    yield [`${load} twice`, `(i64.add ${at()} ${at('offset=4')})`];
    yield [
      `${load} in a branch not taken`,
      `(if (result i64) (i32.lt_s (local.get 0) (i32.const -1)) (then ${at()}) (else (i64.const 5)))`,
    ];
    yield [`select of ${load}`, `(select ${at()} (i64.const 4) (i32.const 0))`];
    yield [`${load} and 0`, `(i64.and ${at()} (i64.const 0))`];
  }
  for (const [width, count] of [
    [8, 16],
    [16, 8],
    [32, 4],
    [64, 2],
  ])
    for (const lane of [0, count - 1]) {
      for (const offset of [0, 7, 0xffffffff]) {
        yield [
          `v128.load${width}_lane ${lane} offset=${offset}`,
          asWord.v128(`(v128.load${width}_lane offset=${offset} ${lane} (local.get 0) ${two})`),
        ];
        yield [
          `v128.store${width}_lane ${lane} offset=${offset}`,
          `(v128.store${width}_lane offset=${offset} ${lane} (local.get 0) ${two}) (i64.const 1)`,
        ];
      }
      yield [
        `dropped v128.load${width}_lane`,
        `(drop (v128.load${width}_lane ${lane} (local.get 0) ${two})) (i64.const 7)`,
      ];
    }
  for (const [store, value] of Object.entries(stores)) {
    for (const offset of offsets)
      yield [`${store} offset=${offset}`, `(${store} offset=${offset} (local.get 0) (${value})) (i64.const 1)`];
    yield [
      `${store} behind a load`,
      `(drop (i32.load8_u (local.get 0))) (${store} (local.get 0) (${value})) (i64.const 1)`,
    ];
  }
}

function* addresses() {
  for (const at of [0, 65532, 65533, 65535, 65536, 131068, 131069, 131072, 0x7fffffff, -1, -4])
    for (const offset of [0, 4, 0x7fffffff, 0xffffffff]) {
      yield [
        `i32.load of constant ${at} offset=${offset}`,
        asWord.i32(`(i32.load offset=${offset} (i32.const ${at}))`),
      ];
      yield [
        `i64.store to constant ${at} offset=${offset}`,
        `(i64.store offset=${offset} (i32.const ${at}) (i64.const 5)) (i64.const 2)`,
      ];
    }
  for (const shift of [1, 2, 3, 4])
    for (const offset of [0, 8, 0x80000000]) {
      const shifted = (text) => `(i32.shl ${text} (i32.const ${shift}))`;
      yield [
        `x >> ${shift} << ${shift} offset=${offset}`,
        asWord.i32(`(i32.load offset=${offset} ${shifted(`(i32.shr_u (local.get 0) (i32.const ${shift}))`)})`),
      ];
      yield [
        `x + (x << ${shift}) offset=${offset}`,
        asWord.i32(`(i32.load offset=${offset} (i32.add (local.get 0) ${shifted('(local.get 0)')}))`),
      ];
    }
  yield ['a sum that wraps', asWord.i32('(i32.load (i32.add (local.get 0) (i32.const -65536)))')];
  yield [
    'i32.wrap_i64 of a sum',
    asWord.i32('(i32.load (i32.wrap_i64 (i64.add (i64.extend_i32_u (local.get 0)) (i64.const 0x100000000))))'),
  ];
  yield ['i32.wrap_i64 of a sign', asWord.i32('(i32.load (i32.wrap_i64 (i64.extend_i32_s (local.get 0))))')];
}

function* operands() {
  for (const [type, list] of Object.entries(unary))
    for (const instruction of list.split(/\s+/)) {
      const value = asWord[resultOf(instruction)](`(${instruction} (${type}.load (local.get 0)))`);
      yield [`${instruction} of a load`, value];
      yield [`${instruction} of a load, unused`, `(drop ${value}) (i64.const 1)`];
    }
  for (const [instruction, load] of [
    ['i64.extend_i32_s', 'i32.load8_s'],
    ['i64.extend_i32_u', 'i32.load16_u'],
    ['i32.wrap_i64', 'i64.load32_s'],
    ['i32.wrap_i64', 'i64.load8_u'],
  ])
    yield [`${instruction} of ${load}`, asWord[resultOf(instruction)](`(${instruction} (${load} (local.get 0)))`)];
  for (const type of ['i32', 'i64', 'f32', 'f64']) yield* binary(type);
  for (const shift of ['i8x16.shl', 'i16x8.shr_s', 'i32x4.shr_u', 'i64x2.shl', 'i64x2.shr_s', 'i8x16.shr_s'])
    yield [`${shift} by a load`, asWord.v128(`(${shift} ${two} (i32.load (local.get 0)))`)];
  for (const [shape, type] of lanes) {
    yield [
      `${shape}.replace_lane of a load`,
      asWord.v128(`(${shape}.replace_lane 1 ${two} (${type}.load (local.get 0)))`),
    ];
    const sign = /i8x16|i16x8/.test(shape) ? '_s' : '';
    for (const lane of [0, 1])
      yield [
        `${shape}.extract_lane ${lane} of a load`,
        asWord[type](`(${shape}.extract_lane${sign} ${lane} (v128.load (local.get 0)))`),
      ];
  }
  for (const instruction of ofVectors) {
    yield [`${instruction} of a load`, asWord.v128(`(${instruction} (v128.load (local.get 0)) ${two})`)];
    yield [`${instruction} by a load`, asWord.v128(`(${instruction} ${two} (v128.load (local.get 0)))`)];
  }
  yield [
    'v128.bitselect by a load',
    asWord.v128(`(v128.bitselect ${two} (v128.const i64x2 9 8) (v128.load (local.get 0)))`),
  ];
}

function* binary(type) {
  const load = `(${type}.load (local.get 0))`;
  const other = `(${type}.load offset=1 (local.get 0))`;
  const constant = type[0] === 'i' ? `(${type}.const 3)` : `(${type}.const 3.25)`;
  for (const [side, args] of [
    ['left', `${load} ${constant}`],
    ['right', `${constant} ${load}`],
    ['both', `${load} ${other}`],
  ]) {
    for (const operation of type[0] === 'i' ? ofIntegers : ofFloats) {
      const name = `${type}.${operation}, load ${side}`;
      yield [name, asWord[type](`(${type}.${operation} ${args})`)];
      yield [`${name}, unused`, `(drop (${type}.${operation} ${args})) (i64.const 9)`];
    }
    for (const comparison of comparisons[type[0]]) {
      const name = `${type}.${comparison}, load ${side}`;
      const test = `(${type}.${comparison} ${args})`;
      yield [name, asWord.i32(test)];
      yield [`if ${name}`, `(if (result i64) ${test} (then (i64.const 1)) (else (i64.const 2)))`];
      yield [`select by ${name}`, `(select (i64.const 1) (i64.const 2) ${test})`];
      yield [`br_if ${name}`, `(block (br_if 0 ${test}) (return (i64.const 1))) (i64.const 2)`];
    }
  }
  yield [`select of ${type} first`, asWord[type](`(select ${load} ${constant} (local.get 0))`)];
  yield [`select of ${type} second`, asWord[type](`(select ${constant} ${load} (local.get 0))`)];
  yield [`select of ${type} both`, asWord[type](`(select ${load} ${other} (local.get 0))`)];
  if (type[0] === 'i')
    yield [
      `${type} read, changed, written`,
      `(${type}.store (local.get 0) (${type}.add ${load} (${type}.const 1))) (i64.const 1)`,
    ];
  yield [`${type} copied down`, `(${type}.store (i32.const 16) ${load}) (i64.const 1)`];
  yield [`${type} copied up`, `(${type}.store (local.get 0) (${type}.load (i32.const 16))) (i64.const 1)`];
  yield [`${type} as an argument`, asWord[type](`(call $same_${type} ${load})`)];
}

function* around() {
  for (const length of [0, 1, 16, 4096, 65536]) {
    yield [`memory.fill of ${length}`, `(memory.fill (local.get 0) (i32.const 7) (i32.const ${length})) (i64.const 1)`];
    yield [
      `memory.copy of ${length} to`,
      `(memory.copy (local.get 0) (i32.const 0) (i32.const ${length})) (i64.const 1)`,
    ];
    yield [
      `memory.copy of ${length} from`,
      `(memory.copy (i32.const 0) (local.get 0) (i32.const ${length})) (i64.const 1)`,
    ];
  }
  for (const length of [0, 1, 8])
    yield [
      `memory.init of ${length}`,
      `(memory.init $d (local.get 0) (i32.const 0) (i32.const ${length})) (i64.const 1)`,
    ];
  const load = (offset) => `(i64.load offset=${offset} (local.get 0))`;
  yield ['loads around a call', `(i64.add ${load(0)} (i64.add (call $zero) ${load(8)}))`];
  yield [
    'loads around memory.grow',
    `(i64.add ${load(0)} (i64.add (i64.extend_i32_u (memory.grow (i32.const 0))) ${load(8)}))`,
  ];
  yield ['offsets that fall', `(i64.add ${load(16)} ${load(0)})`];
  yield ['offsets that rise', `(i64.add ${load(0)} ${load(16)})`];
  yield [
    'to the end',
    `(block (loop (local.set 1 (i64.add (local.get 1) (i64.load8_u (local.get 0)))) (local.set 0 (i32.add (local.get 0) (i32.const 1)))
    (br_if 0 (i32.lt_u (local.get 0) (i32.const 131080))))) (local.get 1)`,
  ];
}

export const functions = [...accesses(), ...addresses(), ...operands(), ...around()].map(([name, body]) => ({
  name,
  body,
  writes: /store|memory\.(fill|copy|init)|global\.set/.test(body),
}));

/** A module of them, as `f0`, `f1` and so on, with a memory of so many pages. */
export function boundaryModule(pages, chosen = functions) {
  const same = ['i32', 'i64', 'f32', 'f64'].map(
    (type) => `(func $same_${type} (param ${type}) (result ${type}) (local.get 0))`,
  );
  const exported = chosen.map(({ body }, i) => `(func (export "f${i}") (param i32) (result i64) (local i64) ${body})`);
  return `(module (memory (export "memory") ${pages} 100) (data $d "abcdefgh") (global $g (export "g") (mut i64) (i64.const 0))
    (func $mix (param v128) (result i64)
      (i64.xor (i64x2.extract_lane 0 (local.get 0)) (i64.rotl (i64x2.extract_lane 1 (local.get 0)) (i64.const 13))))
    (func $zero (result i64) (i64.const 0)) ${same.join('\n')}
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    ${exported.join('\n')})`;
}
