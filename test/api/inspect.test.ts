/** What console.log shows of the public objects: what they are and whether they are closed, never an error, and no more than a few lines. */
import * as util from 'node:util';
import { describe, expect, it } from 'vitest';
import { closedAfterEach } from '../support/guests.js';
import { CallerModule, Global, Memory, Module, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const runtimes = closedAfterEach();
/** In one line. */
const inspect = (value: unknown) => util.inspect(value).replace(/\s+/g, ' ');

describe('util.inspect', () => {
  it('of each object, open and closed', async () => {
    const runtime = new Runtime();
    runtimes.push(runtime);
    expect(inspect(runtime)).toBe(`Runtime { engine: '${runtime.engine}', isClosed: false, modules: 0 }`);
    let seen = '';
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withModuleFunction(
        (caller) => {
          seen = inspect(caller) + inspect(caller.memory);
        },
        [],
        [],
      )
      .export('host')
      .instantiate();
    const compiled = await runtime.compileModule(
      wat(`(module $plugin (import "env" "host" (func $host)) (memory (export "memory") 1 3)
        (global (export "count") (mut i64) (i64.const 5)) (global (export "any") externref (ref.null extern))
        (func (export "run") (param i32) (result i64) (call $host) (i64.const 1)))`),
    );
    expect(inspect(compiled)).toBe(
      "CompiledModule { name: 'plugin', isClosed: false, imports: [ 'env' ], exports: [ 'run' ] }",
    );
    const module = await runtime.instantiateModule(compiled);
    const run = module.exportedFunction('run', ['i32'], ['i64']);
    const { memory } = module;
    const count = module.exportedGlobal('count');
    expect(inspect(module)).toBe("Module { name: 'plugin', isClosed: false, exports: [ 'run' ] }");
    expect(inspect(run)).toMatch(
      /^ExportedFunction \{\s+name: 'run',\s+params: \[ 'i32' \],\s+results: \[ 'i64' \],\s+module: 'plugin',\s+isClosed: false\s+\}$/,
    );
    expect(inspect(memory)).toBe("Memory { byteLength: 65536, min: 1, max: 3, module: 'plugin' }");
    expect(inspect(count)).toBe("Global { type: 'i64', mutable: true, value: 5n }");
    expect(inspect(module.exportedGlobal('any'))).toBe("Global { type: 'externref', mutable: false }");
    run.callSync(1);
    expect(seen).toMatch(/^CallerModule \{ name: 'plugin', .*Memory \{ byteLength: 65536/);
    expect(inspect({ deep: { deep: { module } } })).toContain('[Module]');
    expect(inspect([module])).toContain("name: 'plugin'");
    await runtime.close();
    expect(inspect(runtime)).toContain('isClosed: true, modules: 0');
    expect(inspect(module)).toContain('isClosed: true');
    expect(inspect(compiled)).toContain('isClosed: true');
    expect(inspect(memory)).toContain("byteLength: 'ERR_WAZERO_CLOSED'");
    expect(inspect(count)).toContain("value: 'ERR_WAZERO_CLOSED'");
    for (const { prototype } of [Module, CallerModule, Memory, Global, Runtime])
      expect(inspect(prototype)).toContain('{}');
  });

  it('names of strangers are few, short, and obeyed by no terminal', async () => {
    const runtime = new Runtime();
    runtimes.push(runtime);
    const names = Array.from({ length: 1_000 }, (_, i) => `f${i}${'x'.repeat(500)}`);
    const bytes = wat(
      `(module $m (func $f) (export "\\1b[2Jwipe" (func $f)) ${names.map((name) => `(export "${name}" (func $f))`).join('')})`,
    );
    const text = inspect(await runtime.instantiate(bytes));
    expect(text.length).toBeLessThan(3_000);
    expect(text).toContain('... 981 more');
    expect(text).not.toContain('\u001b');
  });
});
