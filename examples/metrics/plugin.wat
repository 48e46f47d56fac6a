;; One call for each request. `price` asks the host, which takes a while; `work` computes; `keep` takes memory, 64 KiB a time; `fail` traps.
(module
  (import "host" "price" (func $price (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $seed (mut i32) (i32.const 1))
  (func (export "price") (param $quantity i32) (result i32)
    (i32.mul (local.get $quantity) (call $price (local.get $quantity))))
  (func (export "work") (param $rounds i32) (result i32)
    (loop $again
      (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (global.get $seed))
  (func (export "keep") (param $pages i32) (result i32)
    (memory.grow (local.get $pages)))
  (func (export "fail") (param i32) (result i32)
    unreachable))
