;; What a C compiler would make of: int lengths(void) { return get("/one") + get("/two"); }
(module
  (import "http" "get" (func $get (param $path i32) (param $length i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "/one/two")
  (func (export "lengths") (result i32)
    (i32.add (call $get (i32.const 0) (i32.const 4)) (call $get (i32.const 4) (i32.const 4)))))
