import { setImmediate } from '../values/node.js';

/** Those whose turn comes with the next one of the event loop: however many they are, it is asked for once. */
let turns: { turn(): void }[] = [];
export function nextTurn(one: { turn(): void }): void {
  turns.push(one);
  if (turns.length === 1) setImmediate(takeTurns);
}
function takeTurns(): void {
  const taken = turns;
  turns = [];
  let at = 0;
  try {
    while (at < taken.length) taken[at++]?.turn();
  } finally {
    for (; at < taken.length; at++) nextTurn(taken[at] as { turn(): void }); // what one has thrown is not the others' matter
  }
}
