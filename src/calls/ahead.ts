import { native } from '../native/native.js';
import { queueMicrotask } from '../values/node.js';
import type { Frame } from './link-group.js';

// What a guest of the asynchronous lane writes goes ahead of its sink (native/go/frames/ahead.go). Here each piece is written in its turn, and native
// code is told of many at once.

interface Taken {
  readonly frame: number;
  readonly target: number;
  readonly ahead: number;
  pieces: number;
  bytes: number;
}
let taken: Taken | undefined;
/** So much is told at once: who waits for room goes on while there is still something to write. */
const enough = 128 << 10;

function tell(): void {
  if (taken) native().frameTaken(taken.frame, taken.target, taken.pieces, taken.bytes, 0, taken.ahead);
  taken = undefined;
}

/** A piece was taken, or failed with an errno: words are those of MSG.write. */
function note(frame: number, target: number, bytes: number, words: BigUint64Array): void {
  const error = Number(words[0]);
  const ahead = Number(words[1]);
  if (taken?.frame !== frame || taken.target !== target || taken.ahead !== ahead || error !== 0) tell();
  if (error !== 0) {
    native().frameTaken(frame, target, 1, bytes, error, ahead);
    return;
  }
  if (!taken) {
    taken = { frame, target, ahead, pieces: 0, bytes: 0 };
    queueMicrotask(tell); // after all messages of this turn
  }
  taken.pieces++;
  taken.bytes += bytes;
  if (taken.bytes >= enough) tell();
}

/** `write` gives a piece to its sink and says in words what came of it, perhaps later. Pieces do not overtake one that is late. */
export function writeAhead(
  frame: Frame,
  target: number,
  bytes: number,
  write: (words: BigUint64Array) => void | PromiseLike<void>,
): void {
  const go = (): void | PromiseLike<void> => {
    if (frame.state === 'done') return undefined; // it was stopped, and the sink is none of its any more
    const words = new BigUint64Array(2);
    const done = () => note(frame.id, target, bytes, words);
    const settled = write(words);
    if (settled === undefined) return done();
    const after = settled.then(done, done);
    return words[1] === 0n ? after : undefined; // a stream keeps the order itself
  };
  const late = frame.late ? frame.late.then(go) : go();
  if (!late) return;
  const mine = Promise.resolve(late).then(() => {
    if (frame.late === mine) frame.late = undefined;
  });
  frame.late = mine;
}
