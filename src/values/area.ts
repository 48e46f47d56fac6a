import { type Words, wordsOver } from './words.js';

/** DirectArea of native/addon/lanes/direct.h: slot and status, frame, target, caller, timeout, fuel and cpu, then words, then endings and precise, then bytes. */
export const area = new ArrayBuffer(1024 + 16_384);
export const SLOT = 0;
export const STATUS = 1;
export const FRAME = 1;
export const TARGET = 2;
export const CALLER = 3;
export const TIMEOUT = 4;
export const FUEL = 5;
/** Nanoseconds for which the guest that is entered next may run, 0 for no limit: read with whatever makes a frame. */
export const CPU = 6;
export const FIRST_WORD = 7;
/** In SLOT of a direct call: timeout, fuel and cpu hold for it. */
export const LIMITED = 0x4000_0000;
/**
 * How many messages are on their way that may say that a module is closed: a deadline ends a guest on another thread, and JavaScript hears of
 * it in a later turn. Read without Atomics: it is a word of its own that only goes up meanwhile, and nothing that it guards is memory that
 * goes away (native code keeps what JavaScript may see until it has been told).
 */
export const ENDINGS = 254;
/** 1: what direct calls run is measured, and not told from a clock that ticks. */
export const PRECISE = 255;
export const u32 = new Uint32Array(area);
export const f64 = new Float64Array(area);
const u64 = new BigUint64Array(area, 0, FIRST_WORD);
export const words: Words = wordsOver(area, FIRST_WORD * 8, (4 * ENDINGS - FIRST_WORD * 8) / 8);
/** What the call that begins next may execute, whichever way it enters native code, which takes it; undefined: no limit. */
export function putFuel(fuel: bigint | undefined): void {
  u64[FUEL] = fuel === undefined ? 0n : fuel + 1n;
}
export const bytes = new Uint8Array(area, 1024);
