/** Memory: copies, the live buffer and when it is detached, shared memory. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { CoreFeatures, type Memory, type Module, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const bytes = wat(`(module (import "env" "host" (func $host)) (memory (export "memory") 1 4) (export "again" (memory 0))
  (data (i32.const 0) "\\01\\02\\03\\04\\05\\06\\07\\08")
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "host") (call $host)))`);
let runtime: Runtime;
let module: Module;
let memory: Memory;
let host: () => void | Promise<void>;
beforeEach(async () => {
  runtime = new Runtime(new RuntimeConfig().withCoreFeatures(CoreFeatures.V2 | CoreFeatures.Threads));
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => host(), [], [])
    .export('host')
    .instantiate();
  module = await runtime.instantiate(bytes);
  memory = module.memory!;
});
afterEach(() => {
  host = () => {}; // the last one may hold a buffer
  return runtime.close();
});
const call = (name: string, ...args: number[]) => module.exportedFunction(name)!.callSync(...args);

describe('reading and writing', () => {
  it('by width, little endian', () => {
    expect(memory.readByte(0)).toBe(1);
    expect(memory.readUint16Le(0)).toBe(0x0201);
    expect(memory.readUint32Le(0)).toBe(0x04030201);
    expect(memory.readUint64Le(0)).toBe(0x0807060504030201n);
    memory.writeByte(8, 255);
    memory.writeUint16Le(10, 0xfffe);
    memory.writeUint32Le(12, 0xfffffffd);
    memory.writeUint64Le(16, 2n ** 64n - 3n);
    memory.writeFloat32Le(24, 1.5);
    memory.writeFloat64Le(32, Math.PI);
    expect([memory.readByte(8), memory.readUint16Le(10), memory.readUint32Le(12)]).toEqual([255, 0xfffe, 0xfffffffd]);
    expect([memory.readUint64Le(16), memory.readFloat32Le(24), memory.readFloat64Le(32)]).toEqual([
      2n ** 64n - 3n,
      1.5,
      Math.PI,
    ]);
    expect(call('load', 8)).toBe(255);
  });

  it('read gives a copy', () => {
    const copy = memory.read(0, 4);
    copy[0] = 99;
    expect(memory.readByte(0)).toBe(1);
    expect(memory.read(65536, 0)).toEqual(new Uint8Array());
  });

  it('write takes a part of a buffer, and a view of a SharedArrayBuffer', () => {
    memory.write(100, new Uint8Array([9, 8, 7, 6]).subarray(1, 3));
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    shared.set([5, 4]);
    memory.write(102, shared);
    expect(memory.read(100, 4)).toEqual(new Uint8Array([8, 7, 5, 4]));
  });

  it('G12: strings are UTF-8; invalid bytes become U+FFFD, and a byte order mark stays', () => {
    expect(memory.writeString(0, 'naïve 🦆')).toBe(11);
    expect(memory.readString(0, 11)).toBe('naïve 🦆');
    memory.write(0, new Uint8Array([0xef, 0xbb, 0xbf, 0x41, 0xff]));
    expect(memory.readString(0, 5)).toBe('\ufeffA\ufffd');
  });

  it('G12: out of range: RangeError, and nothing is written', () => {
    const outOfRange = expect.objectContaining({ name: 'RangeError', code: 'ERR_WAZERO_OUT_OF_RANGE' });
    expect(() => memory.readUint32Le(65533)).toThrow(outOfRange);
    expect(() => memory.write(65535, new Uint8Array(2))).toThrow(outOfRange);
    expect(memory.readByte(65535)).toBe(0);
    expect(() => memory.read(0, Number.MAX_SAFE_INTEGER)).toThrow(outOfRange);
  });

  it('describes itself; one object for one memory', () => {
    expect(memory.definition).toMatchObject({ min: 1, max: 4, index: 0 });
    expect([...memory.definition.exportNames].sort()).toEqual(['again', 'memory']);
    expect(module.exportedMemory('memory')).toBe(memory);
    expect(module.exportedMemory('again')).toBe(memory);
    expect(module.exportedMemory('grow')).toBeUndefined();
  });
});

describe('growing', () => {
  it('answers the previous size in pages, -1 where refused', () => {
    expect([memory.grow(0), memory.grow(2), memory.size(), memory.grow(2), memory.grow(1)]).toEqual([
      1,
      1,
      3 * 65536,
      -1,
      3,
    ]);
  });
});

describe('buffer', () => {
  it('is live, and one object while it is valid', () => {
    const { buffer } = memory;
    expect(memory.buffer).toBe(buffer);
    new Uint8Array(buffer)[50] = 77;
    expect(call('load', 50)).toBe(77);
    call('store', 51, 78);
    expect(new Uint8Array(buffer)[51]).toBe(78);
    expect(memory.buffer).toBe(buffer);
  });

  it('is detached by grow, from JavaScript and by the guest', () => {
    const first = memory.buffer;
    memory.grow(1);
    const second = memory.buffer;
    call('grow', 1);
    const third = memory.buffer;
    expect([first.byteLength, second.byteLength, third.byteLength]).toEqual([0, 0, 3 * 65536]);
    call('grow', 100); // refused: nothing moved
    expect(memory.buffer).toBe(third);
  });

  it('H5: is detached when guest code enters from call, and by close', async () => {
    const { buffer } = memory;
    await module.exportedFunction('load')!.call(0);
    expect(buffer.byteLength).toBe(0);
    const next = memory.buffer;
    await module.close();
    expect(next.byteLength).toBe(0);
    expect(() => memory.buffer).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
  });

  it('H5: in a host function of call it can be taken, and is detached when the guest goes on', async () => {
    let buffer: ArrayBuffer | undefined;
    host = async () => {
      buffer = memory.buffer;
      new Uint8Array(buffer)[200] = 5;
      await null;
      expect(memory.buffer).toBe(buffer);
    };
    await module.exportedFunction('host')!.call();
    expect(buffer?.byteLength).toBe(0);
    expect(memory.readByte(200)).toBe(5);
  });

  it('H5: in a host function of callSync one that the guest has outgrown is detached', () => {
    const before = memory.buffer;
    host = () => {
      call('grow', 1);
      expect(before.byteLength).toBe(0);
      expect(memory.buffer.byteLength).toBe(2 * 65536);
    };
    call('host');
  });

  it('H5: does not mind what somebody else does with it', () => {
    const { buffer } = memory;
    try {
      structuredClone(buffer, { transfer: [buffer] });
    } catch (error) {
      expect((error as Error).name).toBe('DataCloneError'); // Node 20 transfers or copies it, later ones refuse
    }
    expect(memory.readByte(0)).toBe(1);
    memory.grow(1);
    expect(memory.readByte(0)).toBe(1);
    expect(memory.buffer.byteLength).toBe(2 * 65536);
  });
});

// wabt does not write this one: a memory of one page, shared, exported as "memory"
const sharedMemory = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 4, 1, 3, 1, 1, 7, 10, 1, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0,
]);
describe('shared memory', () => {
  it('has no buffer; read and write work', async () => {
    const shared = await runtime.instantiate(sharedMemory);
    expect(await errorOf(() => shared.memory!.buffer)).toMatchObject({ code: 'ERR_WAZERO_NO_EXTERNAL_BUFFERS' });
    shared.memory!.writeString(0, 'ok');
    expect(shared.memory!.readString(0, 2)).toBe('ok');
  });
});
