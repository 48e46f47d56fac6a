// Source lines in stack traces (wazero: internal/integration_test/engine/dwarf_test.go).
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { Runtime, RuntimeConfig, type Trap } from '../support/package.js';

const guest = readFileSync(new URL('../fixtures/guests/lines.wasm', import.meta.url));

for (const engine of ['compiler', 'interpreter'] as const) {
  for (const lane of ['async', 'sync'] as const) {
    it(`shows file and line of a C guest with debug information (${engine}, ${lane})`, async () => {
      await using runtime = new Runtime(RuntimeConfig[engine]());
      const module = await runtime.instantiate(guest);
      const run = module.exportedFunction('run', ['i32'], ['i32']);
      expect(await run.call(12)).toBe(7);
      const trap = (await errorOf(() => (lane === 'sync' ? run.callSync(13) : run.call(13)))) as Trap;
      expect(trap.kind).toBe('integer divide by zero');
      expect(trap.frames.map((frame) => frame.function)).toEqual(['.divide', '.halve', '.run']);
      const lines = trap.frames.map(({ source }) => /^\/src\/lines\.c:(\d+):\d+$/.exec(source ?? '')?.[1]);
      expect(lines).toEqual(['4', '9', '13']);
      expect(trap.message).toMatch(/^wasm error: integer divide by zero\nwasm stack trace:\n/);
      for (const { source } of trap.frames) expect(trap.message).toContain(source);
    });
  }

  it(`shows none with withDebugInfoEnabled(false) (${engine})`, async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]().withDebugInfoEnabled(false));
    const module = await runtime.instantiate(guest);
    const trap = (await errorOf(() => module.exportedFunction('run')!.call(13))) as Trap;
    expect(trap.frames.map((frame) => frame.function)).toEqual(['.divide', '.halve', '.run']);
    expect(trap.frames.every(({ source }) => source === undefined)).toBe(true);
    expect(trap.message).not.toContain('lines.c');
  });
}
