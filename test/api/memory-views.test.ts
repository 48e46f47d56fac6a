// JavaScript reads and writes a memory through a view of its own. What that may never show: bytes of a memory that has grown, bytes that a
// guest is changing or native code is clearing, a memory that is closed.
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { binding, experimental, type Memory, type Module, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const text = (start = '') =>
  wat(`(module (import "env" "host" (func $host (param i32) (result i32))) (memory (export "memory") 1 10)
  (data (i32.const 8) "text")
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func $ask (export "ask") (result i32) (call $host (i32.const 1)))
  (func (export "growAndAsk") (result i32)
    (drop (memory.grow (i32.const 1)))
    (i32.store8 (i32.const 8) (i32.const 84))
    (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (i32.const 7))
    (call $host (i32.const 1)))
  ${start})`);
const guest = text();
let runtime: Runtime;
let module: Module;
let memory: Memory;
let host: () => number | Promise<number> = () => 0;
beforeEach(async () => {
  runtime = new Runtime(interruptible());
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => host(), ['i32'], ['i32'])
    .export('host')
    .instantiate();
  module = await runtime.instantiate(guest);
  memory = module.memory!;
});
afterEach(() => runtime.close());
const f = (name: string) => module.exportedFunction(name)!;
const spin = (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};
const codeOf = async (action: () => unknown) => ((await errorOf(action)) as { code?: string } | undefined)?.code;

describe('what the guest does is seen', () => {
  it('after each call, in both lanes, again and again', async () => {
    for (let i = 1; i < 20; i++) {
      f('store').callSync(100, i);
      expect(memory.readByte(100)).toBe(i);
      memory.writeByte(101, i);
      expect(await f('load').call(101)).toBe(i);
      await f('store').call(100, 100 + i);
      expect(memory.readUint32Le(100)).toBe(100 + i + i * 256);
    }
  });

  it('in a host function, after the guest has grown its memory in that very call', async () => {
    host = () => {
      const { readString, readByte } = memory;
      expect(readString.call(memory, 8, 4)).toBe('Text');
      expect(readByte.call(memory, memory.size() - 1)).toBe(7);
      memory.writeByte(200, memory.size() / 65536);
      return 0;
    };
    for (let pages = 2; pages < 10; pages++) {
      memory.writeString(8, 'text');
      if (pages % 2 === 0) f('growAndAsk').callSync();
      else await f('growAndAsk').call();
      expect([memory.size(), memory.readByte(200)]).toEqual([pages * 65536, pages]);
    }
  });

  it('after it has grown, to its new end, and not beyond', () => {
    for (let pages = 2; pages <= 10; pages++) {
      expect(() => memory.readByte((pages - 1) * 65536)).toThrow(`within the ${(pages - 1) * 65536} bytes`);
      if (pages % 2 === 0) f('grow').callSync();
      else memory.grow(1);
      expect(memory.readByte(pages * 65536 - 1)).toBe(0);
      expect(memory.readString(8, 4)).toBe('text');
    }
  });
});

describe('while it may not be touched', () => {
  const accesses: [string, (memory: Memory) => unknown][] = [
    ['readByte', (m) => m.readByte(8)],
    ['writeUint32Le', (m) => m.writeUint32Le(8, 1)],
    ['read', (m) => m.read(8, 4)],
    ['write', (m) => m.write(8, new Uint8Array(4))],
    ['readString', (m) => m.readString(8, 4)],
    ['writeString, short', (m) => m.writeString(8, 'abc')],
    ['writeString, long', (m) => m.writeString(8, 'äbc'.repeat(100))],
    ['size', (m) => m.size()],
  ];
  it.each(accesses)('%s: BUSY while a call runs, CLOSED after close', async (_, access) => {
    access(memory);
    const call = f('store').call(0, 1);
    expect(await codeOf(() => access(memory))).toBe('ERR_WAZERO_BUSY');
    await call;
    access(memory);
    await module.close();
    expect(await codeOf(() => access(memory))).toBe('ERR_WAZERO_CLOSED');
  });

  it.each(accesses)('%s: CLOSED in the turn in which a deadline has closed it', async (_, access) => {
    let code: string | undefined = 'not asked';
    host = () => {
      access(memory);
      spin(400);
      try {
        access(memory);
        code = undefined;
      } catch (error) {
        ({ code } = error as { code: string });
      }
      return 0;
    };
    expect(await errorOf(() => f('ask').withOptions({ timeoutMs: 200 }).call())).toMatchObject({
      code: 'ERR_WAZERO_EXIT',
    });
    expect(code).toBe('ERR_WAZERO_CLOSED');
  });
});

describe('native code clears no memory that JavaScript may be reading', () => {
  const held = () => {
    globalThis.gc?.();
    return experimental.stats().memoryReservations;
  };
  // A view that is being decoded must not change meanwhile: V8 crashes.
  const still = async (end: () => Promise<unknown>) => {
    let seen: number | undefined;
    let shown: ArrayBuffer | undefined;
    host = () => {
      shown = memory.buffer;
      spin(400);
      seen = new Uint8Array(shown)[8];
      return 0;
    };
    const before = held();
    await end();
    expect(seen).toBe('t'.charCodeAt(0));
    expect(shown?.byteLength).toBe(0);
    shown = undefined;
    return before;
  };

  it('in a host function of a call whose deadline has passed', async () => {
    const before = await still(() => errorOf(() => f('ask').withOptions({ timeoutMs: 200 }).call()));
    await expect.poll(held).toBe(before - 1);
  });

  it('in a host function of an instantiation whose deadline has passed', async () => {
    const starting = text('(export "_start" (func $ask))');
    let lent: Module | undefined;
    await using other = new Runtime(interruptible());
    await other
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withModuleFunction(
        (caller) => {
          lent = caller;
          memory = caller.memory!;
          return host();
        },
        ['i32'],
        ['i32'],
      )
      .export('host')
      .instantiate();
    const compiled = await other.compileModule(starting);
    const memories = held();
    await still(() => errorOf(() => other.instantiateModule(compiled, undefined, { timeoutMs: 200 })));
    expect(lent?.isClosed).toBe(true);
    expect(await codeOf(() => memory.readByte(8))).toBe('ERR_WAZERO_CLOSED');
    await expect.poll(held).toBe(memories);
    host = () => {
      expect(memory.readString(8, 4)).toBe('text');
      throw new Error('no');
    };
    for (let i = 0; i < 3; i++) {
      expect(await codeOf(() => other.instantiateModuleSync(compiled))).toBe('ERR_WAZERO_TRAP');
      expect(await codeOf(() => other.instantiateModule(compiled))).toBe('ERR_WAZERO_TRAP');
      await expect.poll(held).toBe(memories);
    }
  });
});

describe('the same with a view and without one', () => {
  const native = binding() as { memoryView(memory: number): [ArrayBuffer, number] | undefined };
  const { memoryView } = native;
  afterEach(() => {
    native.memoryView = memoryView;
  });
  const outside = { name: 'RangeError', code: 'ERR_WAZERO_OUT_OF_RANGE' };

  describe.each([true, false])('view: %s', (view) => {
    beforeEach(async () => {
      if (!view) native.memoryView = () => undefined;
      memory = (await runtime.instantiate(wat('(module (memory (export "memory") 1))'))).memory!;
    });

    it('text is what TextDecoder and TextEncoder make of it', () => {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      const encoder = new TextEncoder();
      const pieces = ['a', 'é', '€', '🦆', '\ud800', '\udc00', '\ufeff', '\0', 'plain text that is longer than a few'];
      for (let i = 0; i < 2000; i++) {
        const bytes = Uint8Array.from(
          { length: i % 40 },
          () => [65, 0x80, 0xc3, 0xe2, 0xf0, 0xff, 0xed, 0xa0, 0][Math.floor(Math.random() * 9)]!,
        );
        memory.write(100, bytes);
        expect(memory.readString(100, bytes.length)).toBe(decoder.decode(bytes));
        const value = Array.from({ length: i % 9 }, () => pieces[Math.floor(Math.random() * pieces.length)]).join('');
        const expected = encoder.encode(value);
        expect(memory.writeString(200, value)).toBe(expected.length);
        expect(memory.read(200, expected.length)).toEqual(expected);
      }
    });

    it('at the end: all or nothing', async () => {
      const size = memory.size();
      for (const value of ['abc', 'é€', 'x'.repeat(100), 'é'.repeat(100)]) {
        const { length } = Buffer.from(value);
        expect(memory.writeString(size - length, value)).toBe(length);
        expect(memory.readString(size - length, length)).toBe(value);
        memory.write(size - length, new Uint8Array(length));
        for (const offset of [size - length + 1, size, size + 1]) {
          const error = await errorOf(() => memory.writeString(offset, value));
          expect(error).toMatchObject(outside);
          expect(error).toHaveProperty(
            'message',
            `Expected offset ${offset} and ${length} bytes to lie within the ${size} bytes of the memory`,
          );
        }
        expect(memory.read(size - length, length)).toEqual(new Uint8Array(length));
      }
      expect(memory.writeString(size, '')).toBe(0);
      expect(memory.readString(size, 0)).toBe('');
      for (const [width, read] of [
        [1, () => memory.readByte(size)],
        [2, () => memory.readUint16Le(size - 1)],
        [4, () => memory.readFloat32Le(size - 3)],
        [8, () => memory.readUint64Le(size - 7)],
      ] as const)
        expect(await errorOf(read)).toMatchObject({
          ...outside,
          message: expect.stringContaining(` ${width} bytes to`),
        });
    });

    it('numbers of every width', () => {
      memory.writeUint64Le(8, 2n ** 64n - 2n);
      memory.writeFloat64Le(16, -1.5);
      memory.writeFloat32Le(24, 0.5);
      memory.writeUint32Le(28, 0xfedcba98);
      memory.writeUint16Le(32, 0xfedc);
      memory.writeByte(34, 0xfe);
      expect(memory.readUint64Le(8)).toBe(2n ** 64n - 2n);
      expect(memory.readFloat64Le(16)).toBe(-1.5);
      expect(memory.readFloat32Le(24)).toBe(0.5);
      expect(memory.readUint32Le(28)).toBe(0xfedcba98);
      expect(memory.readUint16Le(32)).toBe(0xfedc);
      expect(memory.readByte(34)).toBe(0xfe);
      expect([...memory.read(28, 4)]).toEqual([0x98, 0xba, 0xdc, 0xfe]);
    });

    it('takes bytes of any kind, and gives copies', async () => {
      const shared = new Uint8Array(new SharedArrayBuffer(5000)).fill(3);
      memory.write(0, shared);
      const copy = memory.read(0, 5000);
      expect(copy).toEqual(new Uint8Array(5000).fill(3));
      copy.fill(4);
      expect(memory.readByte(4999)).toBe(3);
      structuredClone(copy.buffer, { transfer: [copy.buffer] });
      memory.write(0, copy); // detached: no bytes
      memory.write(10, memory.read(0, 20));
      expect(memory.readByte(10)).toBe(3);
      await turn();
    });
  });

  it('a write whose source is the memory itself', () => {
    memory.writeString(100, 'abcdef');
    memory.write(102, new Uint8Array(memory.buffer, 100, 6));
    expect(memory.readString(100, 8)).toBe('ababcdef');
  });

  it('what users do with `buffer` does not matter', () => {
    const { buffer } = memory;
    try {
      structuredClone(buffer, { transfer: [buffer] });
    } catch (error) {
      expect((error as Error).name).toBe('DataCloneError');
    }
    memory.writeString(8, 'more');
    expect(memory.readString(8, 4)).toBe('more');
    expect(f('load').callSync(8)).toBe('m'.charCodeAt(0));
  });
});
