import { now, setImmediate } from '../values/node.js';

/** Those whose turn comes with the next one of the event loop: however many they are, it is asked for once. */
let turns: { turn(): void }[] = [];
export function nextTurn(one: { turn(): void }): void {
  turns.push(one);
  if (turns.length === 1) setImmediate(takeTurns);
}
/** Also where a turn begins with something else that takes its time: whoever waits for this one goes first. */
export function takeTurns(): void {
  const taken = turns;
  turns = [];
  let at = 0;
  try {
    while (at < taken.length) taken[at++]?.turn();
  } finally {
    for (; at < taken.length; at++) nextTurn(taken[at] as { turn(): void }); // what one has thrown is not the others' matter
  }
}

/** Most of one turn of the event loop, in milliseconds. */
const most = 2;
let spent = 0;
/** What is done on the JS thread because it takes less time than a trip to another: while there is time for it in this turn. */
export const hereInstead = {
  get hasTime(): boolean {
    return spent < most;
  },
  run<T>(work: () => T): T {
    const began = now();
    try {
      return work();
    } finally {
      if (spent === 0) setImmediate(turnOver);
      spent += Math.max(now() - began, 0.001);
    }
  },
};
function turnOver(): void {
  spent = 0;
}
