;; What tenants run: for ever, for a while, and calls of the host without pause.
(module
  (import "env" "nothing" (func $nothing))
  (memory (export "memory") 1)
  (func (export "forever") (loop $l (br $l)))
  (func (export "ask") (loop $l (call $nothing) (br $l)))
  (func (export "work") (param i32) (result i32)
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0)))
