import { type CompileTrace, traced } from '../calls/tracing.js';

/** How often the line is written anew. */
const TICK_MS = 100;

/** How a command's compilation goes, and went. */
export interface Progress {
  /** Of the last one that ended; 0: none has. */
  readonly milliseconds: number;
  readonly byteLength: number;
}

/** From `afterMs` on a compilation has a line on a terminal, written over itself; nothing where stderr is none. */
export function showProgress(afterMs: number): Progress {
  const ended = { milliseconds: 0, byteLength: 0 };
  let trace: CompileTrace | undefined;
  let began = 0;
  let timer: NodeJS.Timeout | undefined;
  let shown = false;
  const { stderr } = process;
  const show = () => {
    const { done, functions } = trace!.progress();
    const took = performance.now() - began;
    if (done === 0 || took < afterMs) return;
    const left = (took / done) * (functions - done);
    stderr.write(`\r\x1b[Kcompiled ${done} of ${functions} functions, ${Math.ceil(left / 1000)} s left`);
    shown = true;
  };
  traced.compile.subscribe({
    start(message) {
      trace = message as CompileTrace;
      began = performance.now();
      if (stderr.isTTY) timer = setInterval(show, TICK_MS).unref();
    },
    end() {},
    asyncStart() {},
    asyncEnd() {
      ended.milliseconds = performance.now() - began;
      ended.byteLength = trace!.byteLength ?? 0;
      clearInterval(timer);
      if (shown) stderr.write('\r\x1b[K');
    },
    error() {},
  });
  return ended;
}
