;; Waits for a host function, so many times.
(module
  (import "env" "later" (func $later))
  (func (export "run") (param $n i32)
    (loop $more (call $later) (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
