/** Plugins that the tests of plugins share. */
import { type CallContext, guest } from './extism.js';

export const echo = guest('(func (export "echo") (result i32) (call $out (call $in)) (i32.const 0))');
export const text = (value: string) => `(data (i32.const 0) "${value}")`;
/** Config, vars and error by name: the input is the key. */
export const store = guest(`${text('valuevisits')}
  (func (export "config") (result i32) (call $out (call $config_get (call $in))) (i32.const 0))
  (func (export "get") (result i32) (call $out (call $var_get (call $in))) (i32.const 0))
  (func (export "set") (result i32) (call $var_set (call $in) (call $block (i32.const 0) (i32.const 5))) (i32.const 0))
  (func (export "delete") (result i32) (call $var_set (call $in) (i64.const 0)) (i32.const 0))
  (func (export "big") (result i32) (call $var_set (call $in) (call $alloc (i64.const 1024))) (i32.const 0))
  (func (export "fail") (result i32) (call $error_set (call $in)) (i32.const 1))
  (func (export "nonzero") (result i32) (i32.const 7))
  (func (export "empty") (call $output_set (i64.const 0) (i64.const 0)))
  (func (export "count") (local $n i64)
    (local.set $n (call $load_u64 (call $var_get (call $block (i32.const 5) (i32.const 6)))))
    (call $number (i64.add (local.get $n) (i64.const 1)))
    (call $var_set (call $block (i32.const 5) (i32.const 6)) (call $output_offset)))
  (func (export "loop") (loop $l (br $l)))
  (func (export "count_and_loop") (call $var_set (call $in) (call $in)) (loop $l (br $l)))
  (func (export "trap") (unreachable))
  (global $calls (mut i64) (i64.const 0))
  (func (export "calls") (global.set $calls (i64.add (global.get $calls) (i64.const 1))) (call $number (global.get $calls)))`);
export const user = `(import "extism:host/user" "f" (func $f (param i64) (result i64)))`;
export const caller = guest('(func (export "run") (result i32) (call $out (call $f (call $in))) (i32.const 0))', user);
export const functions = (f: (context: CallContext, at: bigint) => unknown) => ({ 'extism:host/user': { f } });
export const nothing = new Uint8Array(0);
export const number = (output: { getBigUint64(at: number, little: boolean): bigint } | null) =>
  output?.getBigUint64(0, true);
