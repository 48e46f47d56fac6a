import { ModuleConfig } from 'node-wazero';
import { openPython } from '../python.mjs';

const python = await openPython();
const config = (code) => new ModuleConfig().withName('').withArgs('python', '-c', code).withSysNanotime();
const run = (code, options, limits = {}) =>
  python.runtime.instantiateModule(python.python, config(code).withLimits(limits), options);

let longestGap = 0;
let last = performance.now();
const heartbeat = setInterval(() => {
  const now = performance.now();
  longestGap = Math.max(longestGap, now - last);
  last = now;
}, 10);

const hangUp = new AbortController();
setTimeout(() => hangUp.abort(), 500);
const outcomes = await Promise.allSettled([
  run('while True: pass', { timeoutMs: 1_000 }),
  run('import time\nwhile True: time.sleep(60)', {
    signal: hangUp.signal,
    timeoutMs: 60_000,
  }),
  run('x = []\nwhile True: x.append(bytearray(1 << 20))', { timeoutMs: 60_000 }, { memoryPages: 1024 }),
]);
clearInterval(heartbeat);
await python.close();
for (const { status, reason } of outcomes) console.log(status, reason?.name, reason?.reason, reason?.exitCode);
console.log(`the event loop was free: ${longestGap < 250}`);
