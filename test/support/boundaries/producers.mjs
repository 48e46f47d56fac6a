import { CoreFeatures, Runtime } from '../../../dist/index.js';
import { wat } from '../wat.mjs';

/** All that makes an i32, of the parameter or of what is at 100: whatever is in the upper half of its register must not become part of an address. */
const producers = `
  (local.get 0)
  (global.get $g)
  (call $same (local.get 0))
  (call $host (local.get 0))
  (call $complement (local.get 0))
  (call_indirect (type $t) (local.get 0) (i32.const 0))
  (call $loop (local.get 0))
  (call $second (local.get 0))
  (block (result i32) (br_if 0 (local.get 0) (i32.const 1)))
  (local.tee 1 (i32.sub (local.get 0) (i32.const 1)))
  (select (local.get 0) (i32.const -1) (local.get 0))
  (memory.grow (i32.const 65000))
  (table.grow (ref.null func) (i32.const -1))
  (i32.load (i32.const 100))
  (i32.load8_s (i32.const 100))
  (i32.load16_s (i32.const 100))
  (i32.wrap_i64 (i64.load (i32.const 100)))
  (i32.atomic.load8_u (i32.const 104))
  (i32.atomic.rmw.add (i32.const 104) (i32.const -1))
  (i32.atomic.rmw.cmpxchg (i32.const 108) (i32.const 0) (i32.const -5))
  (i32.extend8_s (local.get 0))
  (i32.extend16_s (local.get 0))
  (i32.add (local.get 0) (i32.const -7))
  (i32.sub (i32.const 3) (local.get 0))
  (i32.sub (i32.const 0) (local.get 0))
  (i32.mul (local.get 0) (i32.const -3))
  (i32.div_s (local.get 0) (i32.const 3))
  (i32.div_u (local.get 0) (i32.const 3))
  (i32.rem_s (local.get 0) (i32.const 1000))
  (i32.and (local.get 0) (i32.const -2))
  (i32.or (local.get 0) (i32.const -16))
  (i32.xor (local.get 0) (i32.const -1))
  (i32.shl (local.get 0) (i32.const 5))
  (i32.shr_s (local.get 0) (i32.const 3))
  (i32.rotl (local.get 0) (i32.const 7))
  (i32.rotr (local.get 0) (local.get 0))
  (i32.sub (i32.clz (local.get 0)) (i32.const 33))
  (i32.sub (i32.eqz (local.get 0)) (i32.const 1))
  (i32.wrap_i64 (i64.extend_i32_s (local.get 0)))
  (i32.wrap_i64 (i64.mul (i64.extend_i32_s (local.get 0)) (i64.const 0x123456789)))
  (i32.wrap_i64 (i64.shr_s (i64.extend_i32_s (local.get 0)) (i64.const 3)))
  (i32.trunc_f32_s (f32.convert_i32_s (local.get 0)))
  (i32.trunc_f64_s (f64.convert_i32_s (local.get 0)))
  (i32.trunc_f64_u (f64.convert_i32_u (local.get 0)))
  (i32.trunc_sat_f32_s (f32.convert_i32_s (local.get 0)))
  (i32.trunc_sat_f64_s (f64.convert_i32_s (local.get 0)))
  (i32.trunc_sat_f64_u (f64.convert_i32_u (local.get 0)))
  (i32.reinterpret_f32 (f32.reinterpret_i32 (local.get 0)))
  (i8x16.bitmask (i8x16.splat (local.get 0)))
  (i8x16.extract_lane_s 0 (i8x16.splat (local.get 0)))
  (i16x8.extract_lane_s 1 (i16x8.splat (local.get 0)))
  (i32x4.extract_lane 1 (i32x4.splat (local.get 0)))`
  .trim()
  .split(/\n\s*/);
const offsets = [0, 4, 0x7fffffff, 0x80000000, 0xfffffffc];
const arguments_ = [
  0, 1, -1, 5, 127, 128, 255, -128, 32767, 32768, 65535, 65532, -65536, 0x7fffffff, -0x80000000, 12345, -12345,
];
const contents = [-1n, 0x8000000080008080n, 0x7fffffffff000010n, 0xdeadbeef00000020n].map((word) =>
  BigInt.asIntN(64, word),
);

const guest =
  wat(`(module (import "env" "host" (func $host (param i32) (result i32))) (import "env" "complement" (func $complement (param i32) (result i32)))
  (memory (export "memory") 1 60000) (table 1 10 funcref) (elem (i32.const 0) $same) (type $t (func (param i32) (result i32)))
  (global $g (mut i32) (i32.const -8))
  (func $same (param i32) (result i32) (local.get 0))
  (func $two (param i32) (result i64 i32) (i64.const -1) (local.get 0))
  (func $second (param i32) (result i32) (local i32) (call $two (local.get 0)) (local.set 1) (drop) (local.get 1))
  (func $loop (param i32) (result i32) (local i32 i32) (local.set 2 (local.get 0))
    (loop (local.set 2 (i32.sub (local.get 2) (i32.const 1))) (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 9))))
    (local.get 2))
  (func (export "set") (param i32 i64) (global.set $g (local.get 0)) (i64.store (i32.const 100) (local.get 1)))
  ${producers
    .flatMap((address, i) =>
      offsets.map(
        (
          offset,
          k,
        ) => `(func (export "load${i}_${k}") (param i32) (result i32) (local i32) (i32.load offset=${offset} ${address}))
          (func (export "store${i}_${k}") (param i32) (result i32) (local i32) (i64.store offset=${offset} ${address} (i64.const 77)) (i32.const 0))`,
      ),
    )
    .join('\n')})`);

const kindOf = ({ message }) =>
  /out of bounds/.test(message)
    ? 'memory'
    : /overflow|unrepresentable|trunc/.test(message)
      ? 'conversion'
      : message.slice(0, 80);
function ended(call) {
  try {
    return call();
  } catch (error) {
    return kindOf(error);
  }
}

/** An access to what each of them makes, by wazero and by V8: how many calls there were, and the first differences. */
export async function checkProducers(config) {
  const host = { host: (x) => x, complement: (x) => ~x };
  const runtime = new Runtime(config.withCoreFeatures(CoreFeatures.V2 | CoreFeatures.Threads));
  const builder = runtime.newHostModuleBuilder('env');
  for (const [name, f] of Object.entries(host))
    builder.newFunctionBuilder().withFunction(f, ['i32'], ['i32']).export(name);
  await builder.instantiate();
  const module = await runtime.instantiate(guest);
  const v8 = new WebAssembly.Instance(new WebAssembly.Module(guest), { env: host }).exports;
  const set = module.exportedFunction('set');
  const differences = [];
  let calls = 0;
  for (const [i, address] of producers.entries())
    for (const [k, offset] of offsets.entries())
      for (const access of ['load', 'store']) {
        const name = `${access}${i}_${k}`;
        const f = module.exportedFunction(name);
        for (const x of arguments_)
          for (const word of contents) {
            v8.set(x, word);
            set.callSync(x, word);
            const [one, other] = [ended(() => v8[name](x)), ended(() => f.callSync(x))];
            calls++;
            if (one !== other)
              differences.push(`${access} offset=${offset} ${address} of ${x} and ${word}: V8 ${one}, wazero ${other}`);
          }
      }
  await runtime.close();
  return { calls, differences: differences.slice(0, 20) };
}
