/** Guests that want all memory there is: -1 or a typed error, also when the sum of a runtime is what they reach, and it all comes back. */
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { ending, expectAftermath, expectEnding } from '../support/faults.js';
import { LimitError, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();
const MiB = 2 ** 20;
const grower = wat(`(module (memory (export "memory") 1)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  ;; page by page until refused, or so many times; answers how many there are then
  (func (export "all") (param i32) (result i32)
    (block $done (loop $l
      (br_if $done (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (memory.size))
  (func (export "refused") (param i32) (result i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (memory.grow (i32.const 65536))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))
  (func (export "last") (result i32) (local $at i32)
    (local.set $at (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)))
    (i32.store (local.get $at) (i32.const 42)) (i32.load (local.get $at))))`);
const i32 = [['i32'], ['i32']] as const;
const lanes = ['call', 'callSync'] as const;

describe.each(['compiler', 'interpreter'] as const)('%s', (engine) => {
  it.each(lanes)(
    'G4: memory.grow to the limit of the module and of the runtime: -1, and the last page works (%s)',
    async (lane) => {
      await using runtime = new Runtime(RuntimeConfig[engine]().withLimits({ memoryPages: 100 }));
      const wide = await runtime.instantiate(grower);
      const narrow = await runtime.instantiate(grower, new ModuleConfig().withLimits({ memoryPages: 10 }));
      for (const [module, pages] of [
        [wide, 100],
        [narrow, 10],
      ] as const) {
        const grow = module.exportedFunction('grow', ...i32);
        expect(await grow[lane](pages), 'one page too many').toBe(-1);
        expect(await grow[lane](0xffff_ffff)).toBe(-1);
        expectEnding(await ending(() => module.exportedFunction('all', ...i32)[lane](1e6)), undefined);
        expect(module.memory!.size()).toBe(pages * 65_536);
        expect(await grow[lane](1)).toBe(-1);
        expect(module.memory!.grow(1)).toBe(-1);
        expect(await module.exportedFunction('last', [], ['i32'])[lane]()).toBe(42);
      }
    },
  );

  needsEdit('e7slice')('G4: 10^5 attempts to grow, refused each time, and as many pages as there may be', async () => {
    await using runtime = new Runtime(
      RuntimeConfig[engine]().withLimits({ memoryPages: 65_536, totalMemoryBytes: 5000 * MiB }),
    );
    const module = await runtime.instantiate(grower);
    const how = await ending(() => module.exportedFunction('refused', ...i32).call(100_000));
    expectEnding(how, undefined, 2_000);
    expect(how.value).toBe(-100_000);
    const before = process.memoryUsage.rss();
    expect(await module.exportedFunction('all', ...i32).call(100_000), '4 GiB').toBe(65_536);
    expect(await module.exportedFunction('last', [], ['i32']).call()).toBe(42);
    expect((process.memoryUsage.rss() - before) / MiB, 'pages that nobody wrote to').toBeLessThan(100);
  });

  it('G4: 50 guests at once share what the runtime may have, whatever each of them asks for', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]().withLimits({ totalMemoryBytes: 64 * MiB }));
    const compiled = await runtime.compileModule(grower);
    const modules = await Promise.all(
      Array.from({ length: 50 }, () => runtime.instantiateModule(compiled, new ModuleConfig().withName(''))),
    );
    const pages = await Promise.all(modules.map((module) => module.exportedFunction('all', ...i32).call(1e6)));
    expect(pages.reduce((sum, each) => sum + each)).toBe((64 * MiB) / 65_536);
    const how = await ending(() => runtime.instantiateModule(compiled, new ModuleConfig().withName('')));
    expectEnding(how, { code: 'ERR_WAZERO_LIMIT', limit: 'totalMemoryBytes' });
    expect(how.error).toBeInstanceOf(LimitError);
    const [first, ...others] = modules;
    await first!.close();
    // what one gave back another can have
    expect(await others[0]!.exportedFunction('grow', ...i32).call(pages[0]!)).toBe(pages[1]);
    for (const module of others) expect(await module.exportedFunction('last', [], ['i32']).call()).toBe(42);
  });

  needsEdit('e8')('G5: table.grow by 10^9, and by as much as the limit allows', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    for (const [type, none] of [
      ['funcref', 'func'],
      ['externref', 'extern'],
    ]) {
      const module = await runtime.instantiate(
        wat(`(module (table 1 ${type})
          (func (export "grow") (param i32) (result i32) (table.grow 0 (ref.null ${none}) (local.get 0))))`),
      );
      const grow = module.exportedFunction('grow', ...i32);
      for (const lane of lanes) {
        for (const by of [1_000_000_000, 0xffff_ffff, 10_000_000]) {
          const how = await ending(() => grow[lane](by));
          expectEnding(how, undefined);
          expect(how.value, `${type} by ${by}`).toBe(-1);
        }
      }
      expect(await grow.call(9_999_999)).toBe(1);
      expect(grow.callSync(1)).toBe(-1);
    }
  });

  it('G5: tables and element segments beyond any measure are refused before they cost anything', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const before = process.memoryUsage.rss();
    const limit = { code: 'ERR_WAZERO_LIMIT', limit: 'tableElements' };
    for (const [text, expected] of [
      ['(module (table 10000001 funcref))', limit],
      [`(module ${'(table 10000000 funcref)'.repeat(16)})`, undefined],
      ['(module (table 4294967295 funcref))', limit],
    ] as const) {
      const how = await ending(async () => (await runtime.instantiate(wat(text))).close());
      if (expected !== undefined) expectEnding(how, expected, 0, text);
      // 16 tables of 10^7: within the limits of the JavaScript interface; refused, or given back with the module
      else if (how.error !== undefined)
        expect((how.error as { code: string }).code).toMatch(/^ERR_WAZERO_(LIMIT|COMPILE)$/);
      expect(how.ms).toBeLessThan(2_000);
    }
    // 2^32-1 elements, in a file of 40 bytes
    const bomb = wat('(module (table 1 funcref) (func $f) (elem (i32.const 0) $f))');
    const at = Buffer.from(bomb).indexOf(Buffer.from([9, 7, 1, 0, 0x41, 0, 0x0b, 1, 0]));
    const many = Uint8Array.from([
      ...bomb.subarray(0, at),
      9,
      11,
      1,
      0,
      0x41,
      0,
      0x0b,
      0xff,
      0xff,
      0xff,
      0xff,
      0x0f,
      0,
      ...bomb.subarray(at + 9),
    ]);
    for (const lane of ['compileModule', 'compileModuleSync'] as const)
      expectEnding(await ending(() => runtime[lane](many)), { code: 'ERR_WAZERO_COMPILE' });
    expect((process.memoryUsage.rss() - before) / MiB).toBeLessThan(256);
  });
});
