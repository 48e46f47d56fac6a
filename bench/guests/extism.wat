;; What an Extism plugin kit makes of "reverse the input": input to memory by 8 bytes, reverse, output by 8 bytes. The length is a multiple of 8.
(module
  (import "extism:host/env" "input_length" (func $inputLength (result i64)))
  (import "extism:host/env" "input_load_u64" (func $inputLoad (param i64) (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 2)
  (func (export "run") (result i32) (local $n i64) (local $i i64) (local $at i32) (local $to i32) (local $byte i32) (local $p i64)
    (local.set $n (call $inputLength))
    (loop $more
      (i64.store (i32.wrap_i64 (local.get $i)) (call $inputLoad (local.get $i)))
      (br_if $more (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 8))) (local.get $n))))
    (local.set $to (i32.sub (i32.wrap_i64 (local.get $n)) (i32.const 1)))
    (loop $swap
      (if (i32.lt_u (local.get $at) (local.get $to))
        (then
          (local.set $byte (i32.load8_u (local.get $at)))
          (i32.store8 (local.get $at) (i32.load8_u (local.get $to)))
          (i32.store8 (local.get $to) (local.get $byte))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $to (i32.sub (local.get $to) (i32.const 1)))
          (br $swap))))
    (local.set $p (call $alloc (local.get $n)))
    (local.set $i (i64.const 0))
    (loop $more
      (call $store (i64.add (local.get $p) (local.get $i)) (i64.load (i32.wrap_i64 (local.get $i))))
      (br_if $more (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 8))) (local.get $n))))
    (call $output (local.get $p) (local.get $n))
    (i32.const 0)))
