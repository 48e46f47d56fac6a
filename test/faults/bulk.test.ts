/** Instructions that move much: in pieces, in whatever direction, and a deadline between them. */
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { expectAftermath, timeout } from '../support/faults.js';
import { ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();

const MiB = 1 << 20;
const guest = wat(`(module (memory (export "memory") 128)
  (data $d "${'0123456789abcdef'.repeat((5 * MiB) / 2 / 16)}")
  (table $t 400000 funcref) (elem declare func $f) (func $f)
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
  (func (export "table_fill") (param i32 i32) (table.fill $t (local.get 0) (ref.func $f) (local.get 1)))
  (func (export "table_clear") (param i32 i32) (table.fill $t (local.get 0) (ref.null func) (local.get 1)))
  (func (export "table_copy") (param i32 i32 i32) (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
  (func (export "table_edges") (param i32) (result i32 i32) (local i32 i32)
    (loop $l (if (i32.eqz (ref.is_null (table.get $t (local.get 0)))) (then
        (if (i32.eqz (local.get 2)) (then (local.set 1 (local.get 0)))) (local.set 2 (i32.add (local.get 2) (i32.const 1)))))
      (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 400000))))
    (local.get 1) (local.get 2)))`);
/** One instruction after another, without a loop: nothing but the instruction itself can be interrupted. */
const rows = (setup: string, instruction: string) =>
  wat(`(module (memory 8192) (table $t 5000000 funcref) (elem declare func $f) (func $f)
    (func (export "run") ${setup} ${instruction.repeat(60)}))`);
const half = 256 * MiB;
const straight = {
  'memory.fill': rows('', `(memory.fill (i32.const 0) (i32.const 1) (i32.const ${2 * half}))`),
  'memory.copy up': rows('', `(memory.copy (i32.const 4096) (i32.const 0) (i32.const ${2 * half - 4096}))`),
  'memory.copy down': rows('', `(memory.copy (i32.const 0) (i32.const 4096) (i32.const ${2 * half - 4096}))`),
  'table.fill': rows('', '(table.fill $t (i32.const 0) (ref.func $f) (i32.const 5000000))'),
  'table.copy': rows('', '(table.copy $t $t (i32.const 7) (i32.const 0) (i32.const 4999993))'),
};

describe.each(['compiler', 'interpreter'] as const)('%s', (engine) => {
  const config = () => RuntimeConfig[engine]().withCloseOnContextDone(true);

  it.each([true, false])(
    'what is moved in pieces arrives as if at once (interruptible: %s)',
    async (interruptible) => {
      const runtime = new Runtime(RuntimeConfig[engine]().withCloseOnContextDone(interruptible));
      const module = await runtime.instantiate(guest);
      const call = (name: string, ...args: number[]) =>
        module
          .exportedFunction(
            name,
            args.map(() => 'i32'),
            name === 'table_edges' ? ['i32', 'i32'] : [],
          )
          .callSync(...args);
      const memory = () => new Uint8Array(module.memory!.buffer);
      const expected = Uint8Array.from({ length: 8 * MiB }, (_, i) => (i * 2_654_435_761) >>> 13);
      memory().set(expected);
      const same = (what: string) => expect(Buffer.compare(memory(), expected), what).toBe(0);
      for (const size of [0, 1, 8192, MiB - 1, MiB, MiB + 1, 2 * MiB, 2 * MiB + 77, 3 * MiB + 1])
        for (const distance of [-2 * MiB - 5, -MiB, -1, 0, 1, MiB - 1, MiB, MiB + 1, 4 * MiB]) {
          const from = Math.max(0, -distance) + 3;
          if (from + distance + size > 8 * MiB) continue;
          call('copy', from + distance, from, size);
          expected.copyWithin(from + distance, from, from + size);
          same(`copy of ${size} by ${distance}`);
        }
      for (const size of [0, 1, 8191, 8192, 8193, MiB, 2 * MiB + 77]) {
        call('fill', 5, size & 0xff, size);
        expected.fill(size & 0xff, 5, 5 + size);
        same(`fill of ${size}`);
        call('init', 9, 3, size);
        for (let i = 0; i < size; i++) expected[9 + i] = '0123456789abcdef'.charCodeAt((i + 3) % 16);
        same(`init of ${size}`);
      }
      for (const [at, count, by] of [
        [10, 300_000, 50_000],
        [90_000, 131_073, -80_001],
        [5, 131_072, 131_072],
        [7, 0, 1],
        [0, 1, 9],
      ]) {
        call('table_clear', 0, 400_000);
        call('table_fill', at!, count!);
        expect(call('table_edges', 0)).toEqual([count === 0 ? 0 : at, count]);
        call('table_copy', at! + by!, at!, count!);
        const joined = Math.abs(by!) <= count! ? count! + Math.abs(by!) : 2 * count!;
        expect(call('table_edges', 0)).toEqual([count === 0 ? 0 : Math.min(at!, at! + by!), joined]);
      }
      await runtime.close();
    },
    60_000,
  );

  for (const lane of ['call', 'callSync'] as const)
    needsEdit('e8bulk')(
      `G6: half a GiB at a time, or 5,000,000 elements: the deadline ends the one instruction (${lane})`,
      async () => {
        const runtime = new Runtime(config());
        for (const [what, binary] of Object.entries(straight)) {
          const compiled = await runtime.compileModule(binary);
          const run = async (timeoutMs: number) => {
            const module = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
            const f = module.exportedFunction('run')!.withOptions({ timeoutMs });
            const started = performance.now();
            const error = await (async () => f[lane]())().catch((error: unknown) => error);
            expect(error, what).toMatchObject(timeout);
            return performance.now() - started - timeoutMs;
          };
          const late = [await run(20), await run(30), await run(50)].sort((a, b) => a - b);
          console.log(engine, lane, what, late.map(Math.round), 'ms late');
          // Sixty of them take seconds.
          expect(late[0], what).toBeLessThan(250);
          expect(late[2], what).toBeLessThan(1_000);
          await compiled.close();
        }
        await runtime.close();
      },
      120_000,
    );
});
