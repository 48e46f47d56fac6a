import { RareMap } from '../values/rare-map.js';
import type { Frame } from './link-group.js';

const running = new RareMap<number, Frame>();
/** Frames that native code knows, by id. */
export const frames = {
  add: (frame: Frame) => void running.set(frame.id, frame),
  remove: (frame: Frame) => void running.delete(frame.id),
  find: (id: number) => running.get(id),
};
