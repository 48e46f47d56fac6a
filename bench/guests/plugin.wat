;; A small plugin: a memory without a maximum, a table, a few functions.
(module
  (import "env" "tenant" (func $tenant (result i32)))
  (memory (export "memory") 1)
  (table 4 funcref)
  (elem (i32.const 0) $run)
  (global $count (mut i32) (i32.const 0))
  (data (i32.const 0) "plugin")
  (func $run (export "run") (param i32) (result i32)
    (global.set $count (i32.add (global.get $count) (local.get 0)))
    (i32.store (i32.const 64) (global.get $count))
    (i32.load (i32.const 64))))
