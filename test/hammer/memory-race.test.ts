/** JavaScript that reads a memory while the guest changes it: answered with ERR_WAZERO_BUSY, never with torn strings or a crash. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { interruptible, timedOut } from '../support/guests.js';
import { isWazeroError, type Memory, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const seconds = Number(process.env.WAZERO_RACE_SECONDS || 2);

// Writes bytes that are good and bad UTF-8 in turn all over a page; every 64 rounds it asks the host, so the guest is parked now and then.
const guest = wat(`(module (import "env" "pause" (func $pause)) (memory (export "memory") 1 4)
  (func (export "run") (local $i i32) (local $round i32)
    (loop $rounds
      (local.set $i (i32.const 0))
      (loop $bytes
        (i32.store8 (local.get $i) (i32.add (i32.mul (local.get $i) (i32.const 7)) (local.get $round)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $bytes (i32.lt_u (local.get $i) (i32.const 65536))))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (if (i32.eqz (i32.and (local.get $round) (i32.const 63))) (then (call $pause)))
      (br $rounds))))`);

const readers: [name: string, read: (memory: Memory) => unknown][] = [
  ['read', (memory) => memory.read(0, 65_536)],
  ['readString', (memory) => memory.readString(0, 65_536)],
  ['writeString', (memory) => memory.writeString(0, 'äöü'.repeat(1000))],
  ['readUint64Le', (memory) => memory.readUint64Le(8)],
  ['buffer', (memory) => Buffer.from(memory.buffer).toString('utf8')],
  ['grow', (memory) => memory.grow(0)],
];

it(`for ${seconds} s JS keeps trying to read what the guest is changing`, async () => {
  await using runtime = new Runtime(interruptible());
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => turn() as Promise<void>, [], [])
    .export('pause')
    .instantiate();
  const module = await runtime.instantiate(guest);
  const memory = module.memory!;
  const early = memory.buffer;
  let ended = false;
  const call = module
    .exportedFunction('run')!
    .withOptions({ timeoutMs: seconds * 1000 })
    .call()
    .then(
      () => undefined,
      (error: unknown) => error,
    )
    .finally(() => {
      ended = true;
    });
  const counts: Record<string, number> = { busy: 0, read: 0 };
  while (!ended) {
    for (const [, read] of readers) {
      try {
        read(memory);
        counts.read!++;
      } catch (error) {
        if (!isWazeroError(error)) throw error;
        expect(['ERR_WAZERO_BUSY', 'ERR_WAZERO_CLOSED']).toContain(error.code);
        counts.busy!++;
        if (error.code === 'ERR_WAZERO_BUSY') expect(early.byteLength, 'detached as the guest entered').toBe(0);
      }
    }
    await turn();
  }
  console.log(
    `while the guest ran for ${seconds} s: ${counts.busy} accesses answered ERR_WAZERO_BUSY, ${counts.read} done while it was parked`,
  );
  expect(counts.busy).toBeGreaterThan(0);
  expect(counts.read).toBeGreaterThan(0);
  expect(await call).toMatchObject({ code: 'ERR_WAZERO_EXIT', exitCode: timedOut });
}, 60_000);
