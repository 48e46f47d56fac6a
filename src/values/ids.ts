let lastId = 0;
/** Ids of frames, compile requests, callbacks and references: unique in the environment, from 1. */
export function nextId(): number {
  return ++lastId;
}
