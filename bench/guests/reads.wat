;; Opens /file, reads 64 bytes so many times, closes it; how many bytes came.
(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "file")
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 2)
      (i32.const 0) (i32.const 0)) (then unreachable))
    (i32.store (i32.const 4) (i32.const 256))
    (i32.store (i32.const 8) (i32.const 64))
    (loop $more
      (if (call $read (i32.load (i32.const 0)) (i32.const 4) (i32.const 1) (i32.const 12)) (then unreachable))
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.const 12))))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (call $close (i32.load (i32.const 0))))
    (local.get $sum)))
