;; What a plugin imports as "extism:host/env" (Extism's kernel ABI): one instance for each instance of a plugin. Blocks, input, output, error,
;; config, vars and the log level are in here, so that a guest reaches JavaScript for HTTP, for logs that are on, and for what is refused only.
;;
;; Memory, from the bottom. Everything but the heap is out of a guest's reach: it may be hostile, and the host believes what stands there.
;;   0      control words, below: what the host reads and writes without a call
;;   128    config, then vars: records of key length, value length (u32 each), key, value, without gaps
;;   base   the heap. A handle is an offset from base, so that the heap can move up when there are more vars; the first is 8, 0 is none
;;   top    the table of blocks, downwards from the end of memory: handle, length (-1: free), capacity (u32 each), in order of handles
;;
;; A freed block is used again only once 16 pages are in use, as by Extism's own kernel: kits free what was freed for them.
;; kernel-binary.ts is this file assembled: node scripts/kernel.mjs
(module $extism
  ;; level, address and length of the message
  (import "host" "log" (func $hostLog (param i32 i32 i32)))
  ;; addresses and lengths of request and body; a handle
  (import "host" "http" (func $hostHttp (param i32 i32 i32 i32) (result i64)))
  (import "host" "headers" (func $hostHeaders (result i64)))
  ;; vars would take so many bytes
  (import "host" "refused" (func $hostRefused (param i64)))

  (memory (export "memory") 1 65535)
  ;; Control words (kernel.ts has their twins):
  ;;   0 base           4 log level      8 output is set   12 output handle  16 output length
  ;;  20 error is set  24 error handle  28 error length    32 changes of vars
  ;;  36 where vars begin   40 where they end   44 bytes of their values   48 how many of these there may be
  ;;  56 how many bytes of blocks there may be (u64)   64 HTTP status   68 an alloc was refused   72 vars are being changed
  ;;  76 the next handle  80 handles up to here may hold what was   84 how many blocks   88 bytes of those that are not free (u64)
  (data (i32.const 0) "\00\04\00\00\ff\ff\ff\7f")
  (data (i32.const 36) "\80\00\00\00\80\00\00\00")
  (data (i32.const 56) "\ff\ff\ff\ff\00\00\00\00")
  (data (i32.const 76) "\08\00\00\00\08\00\00\00")

  (global $free (mut i64) (i64.const 0))      ;; capacity of those that are
  (global $cursor (mut i32) (i32.const 0))    ;; where the last search for a free one ended
  (global $input (mut i32) (i32.const 0))
  (global $inputLength (mut i32) (i32.const 0))

  (func $base (result i32) (i32.load (i32.const 0)))
  (func $end (result i32) (i32.shl (memory.size) (i32.const 16)))
  (func $top (result i32) (i32.sub (call $end) (i32.mul (i32.load offset=84 (i32.const 0)) (i32.const 12))))
  ;; of block number i
  (func $entry (param $i i32) (result i32)
    (i32.sub (call $end) (i32.mul (i32.add (local.get $i) (i32.const 1)) (i32.const 12))))
  (func $min (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_u (local.get $a) (local.get $b))))

  ;; ---------------------------------------------------------------- blocks

  ;; The entry of a live block; 0: there is none with that handle.
  (func $find (param $handle i64) (result i32) (local $low i32) (local $high i32) (local $middle i32) (local $entry i32) (local $at i32)
    (if (i64.ge_u (local.get $handle) (i64.extend_i32_u (i32.load offset=76 (i32.const 0)))) (then (return (i32.const 0))))
    (local.set $high (i32.load offset=84 (i32.const 0)))
    (loop $search
      (if (i32.lt_u (local.get $low) (local.get $high))
        (then
          (local.set $middle (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)))
          (local.set $entry (call $entry (local.get $middle)))
          (local.set $at (i32.load (local.get $entry)))
          (if (i32.eq (local.get $at) (i32.wrap_i64 (local.get $handle)))
            (then
              (return (select (i32.const 0) (local.get $entry) (i32.eq (i32.load offset=4 (local.get $entry)) (i32.const -1))))))
          (if (i32.lt_u (local.get $at) (i32.wrap_i64 (local.get $handle)))
            (then (local.set $low (i32.add (local.get $middle) (i32.const 1))))
            (else (local.set $high (local.get $middle))))
          (br $search))))
    (i32.const 0))

  ;; The entry of a free block that fits, without much waste; 0: none among those that were looked at, which are not all, so that an alloc ends soon.
  (func $reusable (param $need i32) (result i32) (local $steps i32) (local $entry i32) (local $capacity i32)
    (local.set $steps (call $min (i32.load offset=84 (i32.const 0)) (i32.const 1024)))
    (loop $next
      (if (i32.eqz (local.get $steps)) (then (return (i32.const 0))))
      (local.set $steps (i32.sub (local.get $steps) (i32.const 1)))
      (if (i32.ge_u (global.get $cursor) (i32.load offset=84 (i32.const 0))) (then (global.set $cursor (i32.const 0))))
      (local.set $entry (call $entry (global.get $cursor)))
      (global.set $cursor (i32.add (global.get $cursor) (i32.const 1)))
      (local.set $capacity (i32.load offset=8 (local.get $entry)))
      (br_if $next (i32.ne (i32.load offset=4 (local.get $entry)) (i32.const -1)))
      (br_if $next (i32.lt_u (local.get $capacity) (local.get $need)))
      (br_if $next (i64.gt_u (i64.extend_i32_u (local.get $capacity)) (i64.add (i64.shl (i64.extend_i32_u (local.get $need)) (i64.const 1)) (i64.const 64)))))
    (local.get $entry))

  ;; Grows memory by that many bytes and more; the table goes to the new end. 0: refused.
  (func $grow (param $bytes i64) (result i32) (local $pages i32) (local $more i32) (local $old i32) (local $table i32) (local $grown i32)
    (local.set $pages (i32.wrap_i64 (i64.shr_u (i64.add (local.get $bytes) (i64.const 65535)) (i64.const 16))))
    (local.set $more (i32.shr_u (memory.size) (i32.const 2)))
    (local.set $old (call $end))
    (local.set $table (i32.mul (i32.load offset=84 (i32.const 0)) (i32.const 12)))
    ;; A quarter more at a time, lest many small blocks move the table each time.
    (if (i32.gt_u (local.get $more) (local.get $pages))
      (then (local.set $grown (i32.ne (memory.grow (local.get $more)) (i32.const -1)))))
    (if (i32.eqz (local.get $grown))
      (then (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then (return (i32.const 0))))))
    (memory.copy (call $top) (i32.sub (local.get $old) (local.get $table)) (local.get $table))
    (memory.fill (i32.sub (local.get $old) (local.get $table)) (i32.const 0)
      (i32.sub (call $min (local.get $old) (call $top)) (i32.sub (local.get $old) (local.get $table))))
    (i32.const 1))

  ;; A block of zeros; 0: no room.
  (func $block (param $length i32) (param $zero i32) (result i32) (local $need i32) (local $short i64) (local $entry i32) (local $handle i32)
    (local.set $need (i32.and (i32.add (local.get $length) (i32.const 7)) (i32.const -8)))
    (local.set $short
      (i64.sub
        (i64.add (i64.extend_i32_u (local.get $need)) (i64.const 12))
        (i64.sub (i64.extend_i32_u (call $top)) (i64.add (i64.extend_i32_u (call $base)) (i64.extend_i32_u (i32.load offset=76 (i32.const 0)))))))
    (if (i64.gt_s (local.get $short) (i64.const 0))
      (then
        (if (i32.and
              (i32.gt_u (memory.size) (i32.const 16))
              (i64.ge_u (global.get $free) (i64.extend_i32_u (local.get $need))))
          (then
            (local.set $entry (call $reusable (local.get $need)))
            (if (local.get $entry)
              (then
                (i32.store offset=4 (local.get $entry) (local.get $length))
                (global.set $free (i64.sub (global.get $free) (i64.extend_i32_u (i32.load offset=8 (local.get $entry)))))
                (i64.store offset=88 (i32.const 0) (i64.add (i64.load offset=88 (i32.const 0)) (i64.extend_i32_u (local.get $length))))
                (local.set $handle (i32.load (local.get $entry)))
                (memory.fill (i32.add (call $base) (local.get $handle)) (i32.const 0) (local.get $need))
                (return (local.get $handle))))))
        (if (i32.eqz (call $grow (local.get $short))) (then (return (i32.const 0))))))
    (local.set $handle (i32.load offset=76 (i32.const 0)))
    (i32.store offset=84 (i32.const 0) (i32.add (i32.load offset=84 (i32.const 0)) (i32.const 1)))
    (local.set $entry (call $top))
    (i32.store (local.get $entry) (local.get $handle))
    (i32.store offset=4 (local.get $entry) (local.get $length))
    (i32.store offset=8 (local.get $entry) (local.get $need))
    (i32.store offset=76 (i32.const 0) (i32.add (local.get $handle) (local.get $need)))
    (i64.store offset=88 (i32.const 0) (i64.add (i64.load offset=88 (i32.const 0)) (i64.extend_i32_u (local.get $length))))
    (if (i32.and (local.get $zero) (i32.lt_u (local.get $handle) (i32.load offset=80 (i32.const 0))))
      (then
        (memory.fill (i32.add (call $base) (local.get $handle)) (i32.const 0)
          (call $min (local.get $need) (i32.sub (i32.load offset=80 (i32.const 0)) (local.get $handle))))))
    (if (i32.gt_u (i32.load offset=76 (i32.const 0)) (i32.load offset=80 (i32.const 0))) (then (i32.store offset=80 (i32.const 0) (i32.load offset=76 (i32.const 0)))))
    (local.get $handle))

  (func $blockWithin (param $length i64) (param $zero i32) (result i32) (local $handle i32)
    (if (i32.and
          (i64.le_u (local.get $length) (i64.sub (i64.load offset=56 (i32.const 0)) (i64.load offset=88 (i32.const 0))))
          (i64.lt_u (local.get $length) (i64.const 0xf0000000)))
      (then (local.set $handle (call $block (i32.wrap_i64 (local.get $length)) (local.get $zero)))))
    (if (i32.eqz (local.get $handle)) (then (i32.store offset=68 (i32.const 0) (i32.const 1))))
    (local.get $handle))

  (func $alloc (export "alloc") (param $length i64) (result i64)
    (if (i64.eqz (local.get $length)) (then (return (i64.const 0))))
    (i64.extend_i32_u (call $blockWithin (local.get $length) (i32.const 1))))

  (func $free_ (export "free") (param $handle i64) (local $entry i32)
    (local.set $entry (call $find (local.get $handle)))
    (if (local.get $entry)
      (then
        (i64.store offset=88 (i32.const 0) (i64.sub (i64.load offset=88 (i32.const 0)) (i64.extend_i32_u (i32.load offset=4 (local.get $entry)))))
        (global.set $free (i64.add (global.get $free) (i64.extend_i32_u (i32.load offset=8 (local.get $entry)))))
        (i32.store offset=4 (local.get $entry) (i32.const -1))
        (if (i32.eq (global.get $input) (i32.wrap_i64 (local.get $handle))) (then (global.set $inputLength (i32.const 0)))))))

  (func $length (export "length") (param $handle i64) (result i64) (local $entry i32)
    (local.set $entry (call $find (local.get $handle)))
    (if (i32.eqz (local.get $entry)) (then (return (i64.const 0))))
    (i64.load32_u offset=4 (local.get $entry)))
  (func (export "length_unsafe") (param $handle i64) (result i64) (call $length (local.get $handle)))

  (func (export "memory_bytes") (result i64) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))

  (func $reset (export "reset")
    (memory.fill (call $top) (i32.const 0) (i32.mul (i32.load offset=84 (i32.const 0)) (i32.const 12)))
    (i32.store offset=76 (i32.const 0) (i32.const 8))
    (i32.store offset=84 (i32.const 0) (i32.const 0))
    (i64.store offset=88 (i32.const 0) (i64.const 0))
    (global.set $free (i64.const 0))
    (global.set $cursor (i32.const 0))
    (global.set $input (i32.const 0))
    (global.set $inputLength (i32.const 0))
    (i64.store offset=8 (i32.const 0) (i64.const 0))
    (i64.store offset=16 (i32.const 0) (i64.const 0))
    (i64.store offset=24 (i32.const 0) (i64.const 0))
    (i32.store offset=64 (i32.const 0) (i32.const 0))
    (i32.store offset=68 (i32.const 0) (i32.const 0)))

  ;; ---------------------------------------------------------------- bytes of blocks: 0, or nothing, out of their range

  ;; Whether the range is one of handles that were given out.
  (func $within (param $handle i64) (param $length i64) (result i32)
    (i32.and
      (i64.ge_u (local.get $handle) (i64.const 8))
      (i32.and
        (i64.le_u (local.get $handle) (i64.extend_i32_u (i32.load offset=76 (i32.const 0))))
        (i64.le_u (local.get $length) (i64.sub (i64.extend_i32_u (i32.load offset=76 (i32.const 0))) (local.get $handle))))))
  (func $address (param $handle i64) (result i32) (i32.add (call $base) (i32.wrap_i64 (local.get $handle))))

  (func (export "load_u8") (param $handle i64) (result i32)
    (if (call $within (local.get $handle) (i64.const 1)) (then (return (i32.load8_u (call $address (local.get $handle))))))
    (i32.const 0))
  (func (export "load_u64") (param $handle i64) (result i64)
    (if (call $within (local.get $handle) (i64.const 8)) (then (return (i64.load (call $address (local.get $handle))))))
    (i64.const 0))
  (func (export "store_u8") (param $handle i64) (param $value i32)
    (if (call $within (local.get $handle) (i64.const 1)) (then (i32.store8 (call $address (local.get $handle)) (local.get $value)))))
  (func (export "store_u64") (param $handle i64) (param $value i64)
    (if (call $within (local.get $handle) (i64.const 8)) (then (i64.store (call $address (local.get $handle)) (local.get $value)))))

  ;; ---------------------------------------------------------------- input, output, error

  ;; The host begins a call: the address for so many bytes of input; 0: no room, 1: there are none. It writes them, so they are not zeroed.
  (func (export "begin") (param $length i32) (result i32) (local $handle i32)
    (call $reset)
    (if (i32.eqz (local.get $length)) (then (return (i32.const 1))))
    (local.set $handle (call $blockWithin (i64.extend_i32_u (local.get $length)) (i32.const 0)))
    (if (i32.eqz (local.get $handle)) (then (return (i32.const 0))))
    (global.set $input (local.get $handle))
    (global.set $inputLength (local.get $length))
    (i32.add (call $base) (local.get $handle)))

  (func (export "input_set") (param $handle i64) (param $length i64)
    (if (call $within (local.get $handle) (local.get $length))
      (then
        (global.set $input (i32.wrap_i64 (local.get $handle)))
        (global.set $inputLength (i32.wrap_i64 (local.get $length))))))
  (func (export "input_length") (result i64) (i64.extend_i32_u (global.get $inputLength)))
  (func (export "input_offset") (result i64) (i64.extend_i32_u (global.get $input)))
  (func $inputWithin (param $at i64) (param $length i64) (result i32)
    (i32.and
      (i64.le_u (local.get $at) (i64.extend_i32_u (global.get $inputLength)))
      (i64.le_u (local.get $length) (i64.sub (i64.extend_i32_u (global.get $inputLength)) (local.get $at)))))
  (func $inputAddress (param $at i64) (result i32)
    (i32.add (i32.add (call $base) (global.get $input)) (i32.wrap_i64 (local.get $at))))
  (func (export "input_load_u8") (param $at i64) (result i32)
    (if (call $inputWithin (local.get $at) (i64.const 1)) (then (return (i32.load8_u (call $inputAddress (local.get $at))))))
    (i32.const 0))
  (func (export "input_load_u64") (param $at i64) (result i64)
    (if (call $inputWithin (local.get $at) (i64.const 8)) (then (return (i64.load (call $inputAddress (local.get $at))))))
    (i64.const 0))

  (func (export "output_set") (param $handle i64) (param $length i64)
    ;; Nothing, wherever it is, is an output, too.
    (if (i64.eqz (local.get $length)) (then (local.set $handle (i64.const 8))))
    (if (call $within (local.get $handle) (local.get $length))
      (then
        (i32.store offset=8 (i32.const 0) (i32.const 1))
        (i32.store offset=12 (i32.const 0) (i32.wrap_i64 (local.get $handle)))
        (i32.store offset=16 (i32.const 0) (i32.wrap_i64 (local.get $length))))))
  (func (export "output_length") (result i64) (i64.load32_u offset=16 (i32.const 0)))
  (func (export "output_offset") (result i64) (i64.load32_u offset=12 (i32.const 0)))

  (func (export "error_set") (param $handle i64)
    (if (i32.or (i64.eqz (local.get $handle)) (call $within (local.get $handle) (i64.const 0)))
      (then
        (i32.store offset=20 (i32.const 0) (i64.ne (local.get $handle) (i64.const 0)))
        (i32.store offset=24 (i32.const 0) (i32.wrap_i64 (local.get $handle)))
        (i32.store offset=28 (i32.const 0) (i32.wrap_i64 (call $length (local.get $handle)))))))
  (func (export "error_get") (result i64) (i64.load32_u offset=24 (i32.const 0)))

  ;; ---------------------------------------------------------------- config and vars

  (func $same (param $a i32) (param $b i32) (param $length i32) (result i32)
    (loop $words
      (if (i32.ge_u (local.get $length) (i32.const 8))
        (then
          (if (i64.ne (i64.load (local.get $a)) (i64.load (local.get $b))) (then (return (i32.const 0))))
          (local.set $a (i32.add (local.get $a) (i32.const 8)))
          (local.set $b (i32.add (local.get $b) (i32.const 8)))
          (local.set $length (i32.sub (local.get $length) (i32.const 8)))
          (br $words))))
    (loop $bytes
      (if (local.get $length)
        (then
          (if (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))) (then (return (i32.const 0))))
          (local.set $a (i32.add (local.get $a) (i32.const 1)))
          (local.set $b (i32.add (local.get $b) (i32.const 1)))
          (local.set $length (i32.sub (local.get $length) (i32.const 1)))
          (br $bytes))))
    (i32.const 1))

  (func $recordSize (param $record i32) (result i32)
    (i32.add (i32.const 8) (i32.add (i32.load (local.get $record)) (i32.load offset=4 (local.get $record)))))
  (func $recordValue (param $record i32) (result i32)
    (i32.add (i32.add (local.get $record) (i32.const 8)) (i32.load (local.get $record))))
  ;; The record of the key in a block; 0: there is none.
  (func $record (param $from i32) (param $to i32) (param $key i32) (result i32) (local $length i32) (local $address i32)
    (local.set $length (i32.load offset=4 (local.get $key)))
    (local.set $address (i32.add (call $base) (i32.load (local.get $key))))
    (loop $next
      (if (i32.ge_u (local.get $from) (local.get $to)) (then (return (i32.const 0))))
      (if (i32.eq (i32.load (local.get $from)) (local.get $length))
        (then
          (if (call $same (i32.add (local.get $from) (i32.const 8)) (local.get $address) (local.get $length))
            (then (return (local.get $from))))))
      (local.set $from (i32.add (local.get $from) (call $recordSize (local.get $from))))
      (br $next))
    (unreachable))

  ;; The value as a block of its own. The key is freed, in which Extism's hosts agree.
  (func $get (param $from i32) (param $to i32) (param $key i64) (result i64) (local $entry i32) (local $record i32) (local $length i32) (local $handle i32)
    (local.set $entry (call $find (local.get $key)))
    (if (i32.eqz (local.get $entry)) (then (return (i64.const 0))))
    (local.set $record (call $record (local.get $from) (local.get $to) (local.get $entry)))
    (call $free_ (local.get $key))
    (if (i32.eqz (local.get $record)) (then (return (i64.const 0))))
    (local.set $length (i32.load offset=4 (local.get $record)))
    (local.set $handle (i32.wrap_i64 (call $alloc (i64.extend_i32_u (local.get $length)))))
    (if (local.get $handle)
      (then
        (memory.copy (i32.add (call $base) (local.get $handle)) (call $recordValue (local.get $record)) (local.get $length))))
    (i64.extend_i32_u (local.get $handle)))

  (func (export "config_get") (param $key i64) (result i64)
    (call $get (i32.const 128) (i32.load offset=36 (i32.const 0)) (local.get $key)))
  (func (export "var_get") (param $key i64) (result i64)
    (call $get (i32.load offset=36 (i32.const 0)) (i32.load offset=40 (i32.const 0)) (local.get $key)))

  ;; Makes room for config and vars up to that address: the heap and the table move up. 0: refused.
  (func $room (export "room") (param $to i64) (result i32) (local $pages i32) (local $old i32) (local $base i32)
    (local.set $base (call $base))
    (if (i64.le_u (local.get $to) (i64.extend_i32_u (local.get $base))) (then (return (i32.const 1))))
    ;; Half more at a time.
    (local.set $pages
      (i32.wrap_i64
        (i64.shr_u
          (i64.add
            (i64.sub (i64.add (local.get $to) (i64.shr_u (local.get $to) (i64.const 1))) (i64.extend_i32_u (local.get $base)))
            (i64.const 65535))
          (i64.const 16))))
    (local.set $old (call $end))
    (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then (return (i32.const 0))))
    (memory.copy
      (i32.add (local.get $base) (i32.shl (local.get $pages) (i32.const 16)))
      (local.get $base)
      (i32.sub (local.get $old) (local.get $base)))
    (i32.store (i32.const 0) (i32.add (local.get $base) (i32.shl (local.get $pages) (i32.const 16))))
    (i32.const 1))

  (func $remove (param $record i32) (local $size i32) (local $end i32)
    (local.set $size (call $recordSize (local.get $record)))
    (local.set $end (i32.load offset=40 (i32.const 0)))
    (i32.store offset=44 (i32.const 0) (i32.sub (i32.load offset=44 (i32.const 0)) (i32.load offset=4 (local.get $record))))
    (memory.copy
      (local.get $record)
      (i32.add (local.get $record) (local.get $size))
      (i32.sub (local.get $end) (i32.add (local.get $record) (local.get $size))))
    (i32.store offset=40 (i32.const 0) (i32.sub (local.get $end) (local.get $size))))

  (func $changed
    (i32.store offset=32 (i32.const 0) (i32.add (i32.load offset=32 (i32.const 0)) (i32.const 1)))
    (i32.store offset=72 (i32.const 0) (i32.const 0)))

  ;; The value 0 deletes it. Key and value stay the plugin's: js-sdk's way, on which one of its tests depends.
  (func (export "var_set") (param $key i64) (param $value i64)
    (local $keyEntry i32) (local $valueEntry i32) (local $record i32) (local $keyLength i32) (local $length i32) (local $bytes i64) (local $end i64)
    (local.set $keyEntry (call $find (local.get $key)))
    (if (i32.eqz (local.get $keyEntry)) (then (return)))
    (local.set $record (call $record (i32.load offset=36 (i32.const 0)) (i32.load offset=40 (i32.const 0)) (local.get $keyEntry)))
    (if (i64.eqz (local.get $value))
      (then
        (if (local.get $record)
          (then
            (i32.store offset=72 (i32.const 0) (i32.const 1))
            (call $remove (local.get $record))
            (call $changed)))
        (return)))
    (local.set $valueEntry (call $find (local.get $value)))
    (if (i32.eqz (local.get $valueEntry)) (then (return)))
    (local.set $keyLength (i32.load offset=4 (local.get $keyEntry)))
    (local.set $length (i32.load offset=4 (local.get $valueEntry)))
    (local.set $bytes (i64.add (i64.load32_u offset=44 (i32.const 0)) (i64.extend_i32_u (local.get $length))))
    (local.set $end (i64.add (i64.load32_u offset=40 (i32.const 0))
      (i64.add (i64.const 8) (i64.add (i64.extend_i32_u (local.get $keyLength)) (i64.extend_i32_u (local.get $length))))))
    (if (local.get $record)
      (then
        (local.set $bytes (i64.sub (local.get $bytes) (i64.load32_u offset=4 (local.get $record))))
        (local.set $end (i64.sub (local.get $end) (i64.extend_i32_u (call $recordSize (local.get $record)))))))
    ;; Keys and lengths count too, lest many keys without values take what there is: as much again as the values may have, and 64 KiB.
    (if (i32.or
          (i64.gt_u (local.get $bytes) (i64.load32_u offset=48 (i32.const 0)))
          (i64.gt_u
            (i64.sub (local.get $end) (i64.load32_u offset=36 (i32.const 0)))
            (i64.add (i64.shl (i64.load32_u offset=48 (i32.const 0)) (i64.const 1)) (i64.const 65536))))
      (then
        (call $hostRefused (local.get $bytes))
        (return)))
    (if (i32.eqz (call $room (local.get $end)))
      (then
        (call $hostRefused (local.get $bytes))
        (return)))
    ;; The table and the heap may have moved.
    (local.set $keyEntry (call $find (local.get $key)))
    (local.set $valueEntry (call $find (local.get $value)))
    (i32.store offset=72 (i32.const 0) (i32.const 1))
    (if (local.get $record)
      (then
        (if (i32.eq (i32.load offset=4 (local.get $record)) (local.get $length))
          (then
            (memory.copy (call $recordValue (local.get $record)) (i32.add (call $base) (i32.load (local.get $valueEntry))) (local.get $length))
            (call $changed)
            (return)))
        (call $remove (local.get $record))))
    (local.set $record (i32.load offset=40 (i32.const 0)))
    (i32.store (local.get $record) (local.get $keyLength))
    (i32.store offset=4 (local.get $record) (local.get $length))
    (memory.copy (i32.add (local.get $record) (i32.const 8)) (i32.add (call $base) (i32.load (local.get $keyEntry))) (local.get $keyLength))
    (memory.copy (call $recordValue (local.get $record)) (i32.add (call $base) (i32.load (local.get $valueEntry))) (local.get $length))
    (i32.store offset=40 (i32.const 0) (i32.add (local.get $record) (call $recordSize (local.get $record))))
    (i32.store offset=44 (i32.const 0) (i32.wrap_i64 (local.get $bytes)))
    (call $changed))

  ;; ---------------------------------------------------------------- logs and HTTP

  ;; The message is freed, in which Extism's hosts agree.
  (func $log (param $level i32) (param $handle i64) (local $entry i32)
    (local.set $entry (call $find (local.get $handle)))
    (if (i32.eqz (local.get $entry)) (then (return)))
    (if (i32.ge_u (local.get $level) (i32.load offset=4 (i32.const 0)))
      (then
        (call $hostLog
          (local.get $level)
          (i32.add (call $base) (i32.load (local.get $entry)))
          (i32.load offset=4 (local.get $entry)))))
    (call $free_ (local.get $handle)))
  (func (export "log_trace") (param $handle i64) (call $log (i32.const 0) (local.get $handle)))
  (func (export "log_debug") (param $handle i64) (call $log (i32.const 1) (local.get $handle)))
  (func (export "log_info") (param $handle i64) (call $log (i32.const 2) (local.get $handle)))
  (func (export "log_warn") (param $handle i64) (call $log (i32.const 3) (local.get $handle)))
  (func (export "log_error") (param $handle i64) (call $log (i32.const 4) (local.get $handle)))
  (func (export "get_log_level") (result i32) (i32.load offset=4 (i32.const 0)))

  (func (export "http_request") (param $request i64) (param $body i64) (result i64) (local $entry i32) (local $bodyEntry i32)
    (local.set $entry (call $find (local.get $request)))
    (i32.store offset=64 (i32.const 0) (i32.const 0))
    (if (i32.eqz (local.get $entry)) (then (return (i64.const 0))))
    (local.set $bodyEntry (call $find (local.get $body)))
    (call $hostHttp
      (i32.add (call $base) (i32.load (local.get $entry)))
      (i32.load offset=4 (local.get $entry))
      (if (result i32) (local.get $bodyEntry) (then (i32.add (call $base) (i32.load (local.get $bodyEntry)))) (else (i32.const 0)))
      (if (result i32) (local.get $bodyEntry) (then (i32.load offset=4 (local.get $bodyEntry))) (else (i32.const 0)))))
  (func (export "http_status_code") (result i32) (i32.load offset=64 (i32.const 0)))
  (func (export "http_headers") (result i64) (call $hostHeaders)))
