/** The object itself: what it has, and how its classes, functions and errors look. */
import { describe, expect, it } from 'vitest';
import { both, createWebAssembly, v8, wat, withWebAssembly } from '../support/webassembly.js';

const names = (object: object) => Object.getOwnPropertyNames(object).toSorted();
const shape = (object: object, key: string) => {
  const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
  return { key, kind: get ? 'accessor' : typeof value, settable: set !== undefined, length: value?.length, ...flags };
};

/** Of Node 26: Node-API makes no resizable buffer over memory that is not V8's, so programs that ask whether they are there get the right answer. */
const notHere = ['toFixedLengthBuffer', 'toResizableBuffer'];

describe('shape', () => {
  it('every class has the members, flags, lengths and tags that V8 gives them', async () => {
    const classes = ['Module', 'Instance', 'Memory', 'Table', 'Global', 'Tag', 'Exception'];
    const [ours, theirs] = await both((W) =>
      classes.map((name) => ({
        class: { ...shape(W, name), length: name === 'Exception' ? 2 : W[name].length }, // V8 of Node 20: 1
        name: W[name].name,
        tag: W[name].prototype[Symbol.toStringTag],
        statics: names(W[name])
          .filter((key) => !['length', 'name', 'prototype', 'arguments', 'caller'].includes(key))
          .map((key) => shape(W[name], key)),
        members: names(W[name].prototype)
          .filter((key) => key !== 'type' && !notHere.includes(key) && !(name === 'Exception' && key === 'constructor'))
          .map((key) => shape(W[name].prototype, key)),
      })),
    );
    expect(ours).toEqual(theirs);
  });

  it('functions and the tag of the object', async () => {
    const functions = ['validate', 'compile', 'instantiate', 'compileStreaming', 'instantiateStreaming'];
    const [ours, theirs] = await both((W) => [
      String(W),
      ...functions.map((name) => [shape(W, name).length, W[name].name, 'prototype' in W[name]]),
    ]);
    expect(ours).toEqual(theirs);
  });

  it('errors are made like those of JavaScript, with and without new', async () => {
    const [ours, theirs] = await both((W) =>
      ['CompileError', 'LinkError', 'RuntimeError'].map((name) => {
        const made = W[name]('why', { cause: 1 });
        return [
          `${made}`,
          made instanceof Error,
          made instanceof W[name],
          made.cause,
          W[name].length,
          names(W[name].prototype),
          Object.hasOwn(new W[name](), 'message'),
          new W[name]().message,
        ];
      }),
    );
    expect(ours).toEqual(theirs);
  });

  it('classes are called with new, methods on what they belong to', async () => {
    await withWebAssembly({}, (W) => {
      for (const name of ['Module', 'Instance', 'Memory', 'Table', 'Global', 'Tag', 'Exception'])
        expect(() => W[name]({ initial: 1 })).toThrow(TypeError);
      const { get } = Object.getOwnPropertyDescriptor(W.Memory.prototype, 'buffer') as { get: () => unknown };
      for (const wrong of [undefined, null, 1, {}, W.Memory.prototype, new v8.Memory({ initial: 1 })])
        expect(() => get.call(wrong)).toThrow(TypeError);
    });
  });
});

describe('options', () => {
  it('what is wrong with them is said at once', () => {
    for (const wrong of [
      null,
      1,
      { timeoutMs: 0 },
      { timeoutMs: 'soon' },
      { runtime: {} },
      { cache: 1 },
      { signal: 1 },
      { limits: { memoryPages: -1 } },
    ])
      expect(() => createWebAssembly(wrong as object)).toThrow(/Expected/);
  });

  it('two namespaces have nothing in common, and one that is closed compiles nothing', async () => {
    const empty = wat('(module)');
    const one = createWebAssembly();
    await withWebAssembly({}, (other) => {
      expect(one.Module).not.toBe(other.Module);
      const module = new one.Module(empty);
      expect(() => new other.Instance(module)).toThrow(TypeError);
    });
    await one[Symbol.asyncDispose]();
    expect(() => new one.Module(empty)).toThrow();
  });
});
