import { describe, expect, it } from 'vitest';
import { open } from '../support/aftermath.mjs';
import { errorOf } from '../support/errors.js';
import { experimental, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const bytes = wat(`(module $named
  (import "env" "a" (func $a (param i32 f64) (result i64))) (import "env" "a" (func $again (param i32 f64) (result i64)))
  (import "env" "memory" (memory 2 5))
  (func $run (export "run") (export "walk") (param $x v128) (param $y externref) (result funcref i32) unreachable)
  (export "mem" (memory 0)))`);
/** A custom section behind a module. */
function withSection(module: Uint8Array, name: string, data: number[]): Uint8Array {
  const encoded = new TextEncoder().encode(name);
  return new Uint8Array([...module, 0, encoded.length + 1 + data.length, encoded.length, ...encoded, ...data]);
}

describe('definitions', () => {
  it('of what is imported and exported, before anything is instantiated', async () => {
    await using runtime = new Runtime();
    const compiled = await runtime.compileModule(bytes);
    expect(compiled.name).toBe('named');
    const imported = compiled.importedFunctions();
    expect(imported).toHaveLength(2);
    expect(imported[0]).toMatchObject({
      moduleName: 'named',
      index: 0,
      name: 'a',
      debugName: 'named.a',
      import: { module: 'env', name: 'a' },
      exportNames: [],
      paramTypes: ['i32', 'f64'],
      resultTypes: ['i64'],
    });
    const exported = compiled.exportedFunctions();
    expect([...exported.keys()].sort()).toEqual(['run', 'walk']);
    expect(exported.get('run')).toMatchObject({
      index: 2,
      name: 'run',
      paramTypes: ['v128', 'externref'],
      paramNames: ['x', 'y'],
      resultTypes: ['funcref', 'i32'],
      resultNames: [],
    });
    expect(exported.get('run')?.import).toBeUndefined();
    expect(Object.isFrozen(exported.get('run')) && Object.isFrozen(exported.get('run')?.paramTypes)).toBe(true);
    expect(compiled.importedMemories()).toEqual([
      {
        moduleName: 'named',
        index: 0,
        import: { module: 'env', name: 'memory' },
        exportNames: ['mem'],
        min: 2,
        max: 5,
      },
    ]);
    expect([...compiled.exportedMemories().keys()]).toEqual(['mem']);
    (compiled.exportedFunctions() as Map<string, unknown>).clear(); // a copy
    expect(compiled.exportedFunctions().size).toBe(2);
  });

  it('of globals and tables, imported in order and exported by name, also of many', async () => {
    await using runtime = new Runtime();
    const compiled = await runtime.compileModule(
      wat(`(module $named
        (import "env" "g" (global $g (mut i64))) (import "env" "f" (func)) (import "env" "t" (table $t 2 5 externref))
        (import "lib" "h" (global f32))
        (global $hidden i32 (i32.const 1)) (global $own (mut f64) (f64.const 1)) (table $u 7 funcref)
        (export "own" (global $own)) (export "also" (global $own)) (export "again" (global $g))
        (export "u" (table $u)) (export "t" (table $t)))`),
    );
    const moduleName = 'named';
    const g = { moduleName, index: 0, import: { module: 'env', name: 'g' }, exportNames: ['again'] };
    const h = { moduleName, index: 1, import: { module: 'lib', name: 'h' }, exportNames: [] };
    const own = { moduleName, index: 3, exportNames: ['also', 'own'], type: 'f64', mutable: true };
    expect(compiled.importedGlobals()).toEqual([
      { ...g, type: 'i64', mutable: true },
      { ...h, type: 'f32', mutable: false },
    ]);
    expect([...compiled.exportedGlobals()]).toEqual([
      ['again', { ...g, type: 'i64', mutable: true }],
      ['also', own],
      ['own', own],
    ]);
    const t = { moduleName, index: 0, import: { module: 'env', name: 't' }, exportNames: ['t'], type: 'externref' };
    expect(compiled.importedTables()).toEqual([{ ...t, min: 2, max: 5 }]);
    expect([...compiled.exportedTables()]).toEqual([
      ['t', { ...t, min: 2, max: 5 }],
      ['u', { moduleName, index: 1, exportNames: ['u'], type: 'funcref', min: 7 }],
    ]);
    const [first] = compiled.importedGlobals();
    expect(Object.isFrozen(first) && Object.isFrozen(first?.import) && Object.isFrozen(first?.exportNames)).toBe(true);
    compiled.closeSync();
    expect(compiled.exportedTables().size).toBe(2); // as all that it says

    // So many that they do not cross at once.
    const many = 5000;
    const name = (i: number) => `${'n'.repeat(50)}${i}`;
    const imports = Array.from({ length: many }, (_, i) => `(import "env" "${name(i)}" (global i32))`);
    const exports = Array.from({ length: many }, (_, i) => `(export "${name(i)}" (global ${(i * 7) % many}))`);
    const large = await runtime.compileModule(
      wat(`(module ${imports.join('')} (table (export "t") 3 funcref) ${exports.join('')})`),
    );
    expect(large.importedGlobals()).toHaveLength(many);
    expect(large.importedGlobals()[4321]).toEqual({
      moduleName: '',
      index: 4321,
      import: { module: 'env', name: name(4321) },
      exportNames: [name((4321 * 2143) % many)],
      type: 'i32',
      mutable: false,
    });
    expect(large.exportedGlobals().size).toBe(many);
    expect(large.exportedGlobals().get(name(3))?.index).toBe(21);
    expect(large.exportedGlobals().has('other')).toBe(false);
    expect(new Set(large.exportedGlobals().keys()).size).toBe(many);
    expect(large.exportedTables().get('t')).toMatchObject({ min: 3, exportNames: ['t'] });
    expect(large.importedTables()).toEqual([]);
    // One of very many names says them when it is asked.
    const names = Array.from({ length: 2000 }, (_, i) => `(export "${name(i)}" (global 0))`);
    const named = await runtime.compileModule(wat(`(module (global i32 (i32.const 0)) ${names.join('')})`));
    expect(named.exportedGlobals().get(name(1))?.exportNames).toHaveLength(2000);
  });

  it('custom sections only where they were asked for, in order, names may repeat', async () => {
    const sections = withSection(withSection(wat('(module)'), 'one', [1, 2]), 'one', [3]);
    await using off = new Runtime();
    expect((await off.compileModule(sections)).customSections()).toEqual([]);
    await using on = new Runtime(new RuntimeConfig().withCustomSections(true));
    const compiled = await on.compileModule(sections);
    expect(compiled.customSections()).toEqual([
      { name: 'one', data: Uint8Array.of(1, 2) },
      { name: 'one', data: Uint8Array.of(3) },
    ]);
    compiled.closeSync();
    expect(() => compiled.customSections()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
  });
});

describe('lifetime', () => {
  const one = wat('(module (func (export "one") (result i32) (i32.const 1)))');

  it('instances live on after close; closing twice does not touch another handle of the same bytes', async () => {
    await using runtime = new Runtime();
    const [a, b] = [await runtime.compileModule(one), runtime.compileModuleSync(one)];
    const module = await runtime.instantiateModule(a);
    await Promise.all([a.close(), a.close(), a[Symbol.asyncDispose]()]);
    a.closeSync();
    expect(module.exportedFunction('one')!.callSync()).toBe(1);
    expect((await runtime.instantiateModule(b)).exportedFunction('one')!.callSync()).toBe(1);
    expect(await errorOf(() => runtime.instantiateModule(a))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(a.exportedFunctions().size).toBe(1);
  });

  it('what instantiate compiled goes with the instance, also one that failed', async () => {
    await using runtime = new Runtime();
    const compiled = () => experimental.stats().compiledModules;
    const module = await runtime.instantiate(one);
    expect(compiled()).toBe(1);
    await module.close();
    expect(compiled()).toBe(0);
    await errorOf(() => runtime.instantiate(wat('(module (import "none" "f" (func)))')));
    await errorOf(() => runtime.instantiateSync(wat('(module (func $f unreachable) (start $f))')));
    await runtime.instantiate(one, new ModuleConfig().withName('x'));
    await errorOf(() => runtime.instantiate(one, new ModuleConfig().withName('x')));
    expect(compiled()).toBe(1);
  });
});

describe('experimental', () => {
  it('stats count what is open, and nothing of what a Promise has told of', async () => {
    const bytes = wat('(module (memory 1) (func (export "e") (param externref)))');
    for (let i = 0; i < 100; i++) {
      {
        await using runtime = new Runtime();
        const module = await runtime.instantiate(bytes);
        expect(open()).not.toHaveProperty('goroutines');
        module.exportedFunction('e')!.callSync({});
        expect(open()).toMatchObject({ runtimes: 1, modules: 1, compiledModules: 1, references: 1 });
      }
      expect(open()).toEqual({});
    }
  });

  it('setConcurrency takes a positive integer', async () => {
    expect(() => experimental.setConcurrency(0)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_OUT_OF_RANGE' }));
    experimental.setConcurrency(1);
    await using runtime = new Runtime();
    const modules = await Promise.all(
      [1, 2, 3].map(() => runtime.instantiate(wat('(module (func (export "f") (result i32) (i32.const 1)))'))),
    );
    expect(await Promise.all(modules.map((module) => module.exportedFunction('f')!.call()))).toEqual([1, 1, 1]);
    experimental.setConcurrency(2);
  });

  it('compiles with several workers, in both lanes, to the same code', async () => {
    await using runtime = new Runtime();
    const functions = Array.from({ length: 300 }, (_, i) => `(func (export "f${i}") (result i32) (i32.const ${i}))`);
    const bytes = wat(`(module ${functions.join('\n')})`);
    for (const workers of [1, 2, 4]) {
      for (const compiled of [
        await runtime.compileModule(bytes, { workers }),
        runtime.compileModuleSync(bytes, { workers }),
      ]) {
        await using module = await runtime.instantiateModule(compiled);
        for (const i of [0, 150, 299]) expect(module.exportedFunction(`f${i}`)!.callSync()).toBe(i);
      }
    }
    for (const workers of [0, -1, 1.5, '2'])
      expect(await errorOf(() => runtime.compileModule(bytes, { workers: workers as never }))).toBeInstanceOf(Error);
  });
});
