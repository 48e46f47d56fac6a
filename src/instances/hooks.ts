import type { Hooks } from '../native/binding.js';
import { setHooks } from '../native/native.js';
import { area } from '../values/area.js';
import { type ErrorRecord, makeError, unreadableError } from '../values/errors.js';
import { answers } from './dispatch.js';

/** What native code is given with the first runtime. What answers for guests is read with the first of them (scripts/lib/parts.mjs). */
const hooks: Hooks = {
  message(kind, status, id, target, handle, words, bytes, resultCount) {
    answers.message(kind, status, id, target, handle, words, bytes, resultCount);
  },
  upcall(kind, id, target, handle, words, bytes, resultCount) {
    return answers.upcall(kind, id, target, handle, words, bytes, resultCount);
  },
  read() {
    answers.read();
  },
  area,
  ask() {
    answers.ask();
  },
  express() {
    answers.express();
  },
  error(json) {
    try {
      return makeError(JSON.parse(json) as ErrorRecord);
    } catch (error) {
      return unreadableError('the answer of native code', error);
    }
  },
};
setHooks(hooks);
