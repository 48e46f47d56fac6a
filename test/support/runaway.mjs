// Guests that never end by themselves; each exports `run`. For tests and for the processes that they start.
import { wat } from './wat.mjs';

/** How much one operation of `busy` works on: 1024 is what docs/faults.md says of G6. */
export const bulkMiB = Number(process.env.WAZERO_BULK_MIB || 32);
const bulk = bulkMiB * 2 ** 20;

/** Guest code alone, one for each way to go on for ever. */
export const endless = {
  loop: wat('(module (func (export "run") (loop $l (br $l))))'),
  // 2^60 calls, never deeper than 60
  recursion: wat(`(module (func $f (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 1)))))))
    (func (export "run") (drop (call $f (i32.const 60)))))`),
  // neither a loop nor recursion: 60 functions that each call the next one twice
  'call tree':
    wat(`(module ${Array.from({ length: 60 }, (_, i) => `(func $f${i} (call $f${i + 1}) (call $f${i + 1}))`).join('\n')}
    (func $f60) (func (export "run") (call $f0)))`),
  'tail calls': wat('(module (func $a (return_call $b)) (func $b (return_call $a)) (func (export "run") (call $a)))'),
  'indirect tail calls': wat(`(module (type $t (func)) (table 2 funcref) (elem (i32.const 0) $a $b)
    (func $a (return_call_indirect (type $t) (i32.const 1))) (func $b (return_call_indirect (type $t) (i32.const 0))) (func (export "run") (call $a)))`),
};
/** Further ways. The last one needs CoreFeatures.ExceptionHandling; wabt has no try_table: (loop $l (block $h (try_table (catch $e $h) (throw $e))) (br $l)) */
export const variants = {
  'self tail calls': wat('(module (func $a (export "run") (return_call $a)))'),
  br_table: wat(`(module (global $g (mut i32) (i32.const 0))
    (func (export "run") (loop $l (block $a (block $b (br_table $a $b $l (global.get $g)))) (global.set $g (i32.const 2)) (br $l))))`),
  'throw and catch': Uint8Array.from([
    ...[
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 13, 3, 1, 0, 0, 7, 7, 1, 3, 0x72, 0x75, 0x6e, 0,
      0,
    ],
    ...[10, 21, 1, 19, 0, 3, 0x40, 2, 0x40, 0x1f, 0x40, 1, 0, 0, 0, 8, 0, 0x0b, 0x0b, 0x0c, 0, 0x0b, 0x0b],
  ]),
};

const loopOf = (body) =>
  wat(`(module (import "env" "host" (func $host)) (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") ${bulkMiB * 16} ${bulkMiB * 16 + 936}) (table $t 1000000 2000000 funcref) (type $void (func))
    (data $d "${'0123456789abcdef'.repeat(4096)}") (elem (table $t) (i32.const 0) func $nothing)
    (func $nothing)
    (func (export "run") (loop $l ${body} (br $l))))`);
/** Loops whose body leaves the guest, or takes long by itself. They import `env.host` and WASI. */
export const leaving = {
  'calls of a host function': loopOf('(call $host)'),
  'indirect calls': loopOf('(call_indirect (type $void) (i32.const 0))'),
  'memory.grow by nothing': loopOf('(drop (memory.grow (i32.const 0)))'),
  'memory.grow until refused': loopOf('(drop (memory.grow (i32.const 1)))'),
  'table.grow': loopOf('(drop (table.grow $t (ref.null func) (i32.const 1)))'),
  'ref.func': loopOf('(table.set $t (i32.const 1) (ref.func $nothing))'),
  fd_write: loopOf(
    '(i32.store (i32.const 4) (i32.const 1000)) (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))',
  ),
  sched_yield: loopOf('(drop (call $yield))'),
};
export const bulky = {
  'memory.fill': loopOf(`(memory.fill (i32.const 0) (i32.const 1) (i32.const ${bulk}))`),
  'memory.copy': loopOf(`(memory.copy (i32.const 1) (i32.const 0) (i32.const ${bulk - 1}))`),
  'memory.init': loopOf('(memory.init $d (i32.const 1) (i32.const 0) (i32.const 65536))'),
  'table.fill': loopOf('(table.fill $t (i32.const 0) (ref.null func) (i32.const 1000000))'),
  'table.copy': loopOf('(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 999999))'),
  random_get: loopOf(`(drop (call $random (i32.const 0) (i32.const ${bulk})))`),
};
