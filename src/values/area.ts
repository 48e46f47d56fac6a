import { type Words, wordsOver } from './words.js';

/** DirectArea of native/addon/lanes/direct.h: slot and status, frame, target, caller and timeout, then words, then bytes. */
export const area = new ArrayBuffer(1024 + 16_384);
export const SLOT = 0;
export const STATUS = 1;
export const FRAME = 1;
export const TARGET = 2;
export const CALLER = 3;
export const TIMEOUT = 4;
export const FIRST_WORD = 5;
export const u32 = new Uint32Array(area);
export const f64 = new Float64Array(area);
export const words: Words = wordsOver(area, FIRST_WORD * 8, (1024 - FIRST_WORD * 8) / 8);
export const bytes = new Uint8Array(area, 1024);
