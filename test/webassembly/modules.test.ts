/** Module, Instance and the functions that make them. */
import { describe, expect, it } from 'vitest';
import { both, exportsOf, v8, wat, withWebAssembly } from '../support/webassembly.js';

const rich = wat(`(module
  (import "a" "f" (func (param i32))) (import "a" "g" (global i64)) (import "b" "t" (table 1 funcref))
  (import "b" "m" (memory 1))
  (func (export "f") (param i32 i64) (result i32) local.get 0) (global (export "g") (mut i32) (i32.const 1))
  (export "t" (table 0)) (export "m" (memory 0)))`);
const add = wat('(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))');

describe('modules', () => {
  it('say what they import and export, and hand out custom sections', async () => {
    const custom = new Uint8Array([...add, 0, 6, 3, 0x61, 0x62, 0x63, 1, 2]);
    const [ours, theirs] = await both((W) => [
      W.Module.imports(new W.Module(rich)),
      W.Module.exports(new W.Module(rich)),
      W.Module.customSections(new W.Module(custom), 'abc').map((one: ArrayBuffer) => [...new Uint8Array(one)]),
      W.Module.customSections(new W.Module(custom), 'ab').length,
    ]);
    expect(ours).toEqual(theirs);
  });

  it('of wrong bytes are a CompileError; validate only says so', async () => {
    const cases = [new Uint8Array(), add.subarray(0, 9), new Uint8Array([...add, 99]), wat('(module)'), add];
    const [ours, theirs] = await both((W) =>
      cases.map((bytes) => {
        try {
          new W.Module(bytes);
          return W.validate(bytes);
        } catch (error) {
          return [error instanceof W.CompileError, W.validate(bytes)];
        }
      }),
    );
    expect(ours).toEqual(theirs);
  });

  it('with a name section that cannot be read are modules all the same', async () => {
    const broken = new Uint8Array([...add, 0, 7, 4, 0x6e, 0x61, 0x6d, 0x65, 1, 99]);
    const [ours, theirs] = await both((W) => new W.Instance(new W.Module(broken)).exports.add(1, 2));
    expect(ours).toBe(theirs);
  });

  it('from a Response, which must be one of wasm', async () => {
    await withWebAssembly({}, async (W) => {
      const response = (type: string, status = 200) =>
        new Response(new Uint8Array(add), { status, headers: { 'Content-Type': type } });
      expect((await W.compileStreaming(response('application/wasm'))) instanceof W.Module).toBe(true);
      const { instance } = await W.instantiateStreaming(Promise.resolve(response('application/WASM')));
      expect(instance.exports.add(40, 2)).toBe(42);
      await expect(W.compileStreaming(response('text/plain'))).rejects.toThrow(TypeError);
      await expect(W.compileStreaming(response('application/wasm', 404))).rejects.toThrow(TypeError);
      await expect(W.compileStreaming(add)).rejects.toThrow(TypeError);
    });
  });
});

describe('instances', () => {
  it('by a module or by bytes, at once or later', async () => {
    await withWebAssembly({}, async (W) => {
      const { module, instance } = await W.instantiate(add);
      expect(instance.exports.add(1, 2)).toBe(3);
      expect((await W.instantiate(module)).exports.add(1, 2)).toBe(3);
      expect(new W.Instance(await W.compile(add)).exports.add(1, 2)).toBe(3);
    });
  });

  it('exports are frozen, in order, and each is one object; functions are named by their index', async () => {
    const text = `(module (func $f (export "x") (param i32)) (func (export "a") (param i32 i32))
      (export "b" (func $f)) (memory (export "m") 1) (export "n" (memory 0)))`;
    const [ours, theirs] = await both((W) => {
      const exports = exportsOf(W, text);
      return [
        Object.keys(exports),
        Object.isFrozen(exports),
        Object.getPrototypeOf(exports),
        exports.x === exports.b,
        exports.m === exports.n,
        [exports.x, exports.a].map((f) => [f.name, f.length, typeof f, 'prototype' in f]),
      ];
    });
    expect(ours).toEqual(theirs);
  });

  it('imports that are missing or of another kind are what V8 says', async () => {
    const kinds = ['(func)', '(memory 1)', '(table 1 funcref)', '(global i32)', '(global (mut i32))', '(global i64)'];
    const values = () => [undefined, null, 1, 1n, {}, () => {}, 'text'];
    const [ours, theirs] = await both((W) =>
      kinds.map((kind) => {
        const module = new W.Module(wat(`(module (import "m" "x" ${kind}))`));
        return [undefined, {}, { m: 1 }, ...values().map((x) => ({ m: { x } }))].map((imports) => {
          try {
            new W.Instance(module, imports);
            return 'made';
          } catch (error) {
            return (error as Error).name;
          }
        });
      }),
    );
    expect(ours).toEqual(theirs);
  });

  it('two imports of one name may be two things; getters are read in order', async () => {
    const text = `(module (import "m" "x" (func $a (result i32))) (import "m" "x" (global $b i32))
      (func (export "sum") (result i32) call $a global.get $b i32.add))`;
    const run = (W: any) => {
      let reads = 0;
      return exportsOf(W, text, {
        m: {
          get x() {
            return reads++ === 0 ? () => 40 : 2;
          },
        },
      }).sum();
    };
    expect(await both(run)).toEqual([42, 42]);
  });

  it('a start function that throws lets its error through as it is', async () => {
    await withWebAssembly({}, (W) => {
      const error = new Error('mine');
      const module = new W.Module(wat('(module (import "m" "f" (func $f)) (start $f))'));
      const imports = {
        m: {
          f: () => {
            throw error;
          },
        },
      };
      expect(() => new W.Instance(module, imports)).toThrow(error);
    });
  });
});

it('V8 is not what is tested here', () => withWebAssembly({}, (W) => expect(W).not.toBe(v8)));
