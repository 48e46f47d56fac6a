import { tooLate } from '../io/callbacks.js';
import { findMount } from '../io/mount.js';
import { REPLY } from '../native/binding.js';
import { bytes, FIRST_WORD, FRAME, f64, STATUS, TARGET, u32 } from '../values/area.js';
import { frameOf } from './direct.js';
import { checkNotTrapped } from './entry.js';

// A read of an open file in the synchronous lane, by the area: handle, position and size in words; errno and count over them.

const EBADF = 3;

/** Hooks.read */
export function read(): void {
  const frame = frameOf(f64[FRAME] as number);
  if (!frame) {
    u32[STATUS] = REPLY.dead;
    return;
  }
  try {
    frame.group.refreshBuffers(); // the guest may have grown its memory
    const mount = findMount(f64[TARGET] as number);
    const into = room(f64[FIRST_WORD + 2] as number);
    const count = mount?.readNow(f64[FIRST_WORD] as number, f64[FIRST_WORD + 1] as number, into) ?? -EBADF;
    if (typeof count !== 'number') throw tooLate(count);
    checkNotTrapped(frame);
    f64[FIRST_WORD] = count < 0 ? -count : 0;
    f64[FIRST_WORD + 1] = count < 0 ? 0 : count;
    u32[STATUS] = REPLY.ok;
  } catch (error) {
    frame.parked = { value: error };
    u32[STATUS] = REPLY.threw;
  }
}

let last = bytes;
/** The first `size` bytes of the area. */
function room(size: number): Uint8Array {
  if (last.byteLength !== size) last = bytes.subarray(0, size);
  return last;
}
