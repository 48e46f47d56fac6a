;; What a plugin's calls are made of.
(module
  (import "env" "nothing" (func $nothing))
  (import "env" "length" (func $length (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 1024))
  (func (export "empty"))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "host") (param $n i32)
    (loop $more (call $nothing) (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  ;; a host function that reads a string of 1 KiB from memory
  (func (export "strings") (param $n i32) (result i32) (local $sum i32)
    (loop $more
      (local.set $sum (i32.add (local.get $sum) (call $length (i32.const 4096) (i32.const 1024))))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  ;; the guest's allocator: as simple as one that frees in order
  (func (export "alloc") (param $size i32) (result i32)
    (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $size))))
  (func (export "free") (param $pointer i32) (global.set $next (local.get $pointer)))
  ;; the bytes in reverse, in place
  (func (export "reverse") (param $from i32) (param $length i32) (result i32) (local $to i32) (local $byte i32) (local $at i32)
    (local.set $at (local.get $from))
    (local.set $to (i32.sub (i32.add (local.get $from) (local.get $length)) (i32.const 1)))
    (loop $more
      (if (i32.lt_u (local.get $at) (local.get $to))
        (then
          (local.set $byte (i32.load8_u (local.get $at)))
          (i32.store8 (local.get $at) (i32.load8_u (local.get $to)))
          (i32.store8 (local.get $to) (local.get $byte))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $to (i32.sub (local.get $to) (i32.const 1)))
          (br $more))))
    (local.get $from)))
