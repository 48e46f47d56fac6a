import { CoreFeatures, RuntimeConfig } from './package.js';
import { wat } from './wat.mjs';

/** Guests that never end by themselves, one for each way; each exports `run`. */
export const endless = {
  loop: wat('(module (func (export "run") (loop $l (br $l))))'),
  // 2^60 calls, never deeper than 60
  recursion: wat(`(module (func $f (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 1)))))))
    (func (export "run") (drop (call $f (i32.const 60)))))`),
  // neither a loop nor recursion: 60 functions that each call the next one twice
  'call tree':
    wat(`(module ${Array.from({ length: 60 }, (_, i) => `(func $f${i} (call $f${i + 1}) (call $f${i + 1}))`).join('\n')}
    (func $f60) (func (export "run") (call $f0)))`),
  'tail calls': wat('(module (func $a (return_call $b)) (func $b (return_call $a)) (func (export "run") (call $a)))'),
  'indirect tail calls': wat(`(module (type $t (func)) (table 2 funcref) (elem (i32.const 0) $a $b)
    (func $a (return_call_indirect (type $t) (i32.const 1))) (func $b (return_call_indirect (type $t) (i32.const 0))) (func (export "run") (call $a)))`),
};

/** As a host of other people's code sets it. */
export function interruptible(engine: 'compiler' | 'interpreter' = 'compiler'): RuntimeConfig {
  return RuntimeConfig[engine]()
    .withCoreFeatures(CoreFeatures.V2 | CoreFeatures.TailCall)
    .withCloseOnContextDone(true);
}

/** The exit code of a guest that its deadline stopped, and of one that was aborted. */
export const timedOut = 0xefff_ffff;
export const aborted = 0xffff_ffff;

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}
