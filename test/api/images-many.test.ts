// Many modules of one image at once.
import { expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { type Module, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const call = (module: Module, name: string, ...args: unknown[]): unknown =>
  module.exportedFunction(name)!.callSync(...(args as never[]));

needsEdit('e11fork')(
  '1,000 modules of an image in both lanes, with collections between: each has its own state',
  async () => {
    await using runtime = new Runtime();
    const source = await runtime.instantiate(
      wat(`(module (memory (export "memory") 1) (type $f (func (result i32))) (global $n (mut i32) (i32.const 0))
      (table 3 funcref) (elem (i32.const 0) $a $b $a)
      (func $a (type $f) (i32.load (i32.const 0))) (func $b (type $f) (global.get $n))
      (func (export "set") (param i32) (i32.store (i32.const 0) (local.get 0)) (global.set $n (i32.add (local.get 0) (i32.const 1))))
      (func (export "get") (param i32) (result i32) (call_indirect (type $f) (local.get 0))))`),
    );
    call(source, 'set', -5);
    const image = await source.freeze();
    await source.close();
    const modules = await Promise.all(Array.from({ length: 1000 }, () => runtime.instantiateModule(image)));
    const read = (module: Module) => [0, 1, 2].map((at) => call(module, 'get', at));
    for (let round = 0; round < 3; round++) {
      for (const module of modules) expect(read(module)).toEqual([-5, -4, -5]);
      await Promise.all(modules.map((module, i) => module.exportedFunction('set')!.call(i)));
      globalThis.gc?.();
      for (const [i, module] of modules.entries()) expect(read(module)).toEqual([i, i + 1, i]);
      for (const module of modules) module.resetSync();
    }
    await Promise.all(modules.map((module) => module.close()));
  },
);
