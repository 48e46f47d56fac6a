;; Writes 64 KiB to stdout, 256 times for each argument.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start") (local $n i32)
    (drop (call $args (i32.const 0) (i32.const 4)))
    (local.set $n (i32.mul (i32.load (i32.const 0)) (i32.const 256)))
    (i32.store (i32.const 8) (i32.const 65536))
    (i32.store (i32.const 12) (i32.const 65536))
    (loop $more
      (if (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)) (then unreachable))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
