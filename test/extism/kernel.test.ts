/** The kernel alone: what it does with any arguments, compared with a model. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kernel } from '../../src/extism/kernel.js';
import { abiNames } from '../support/extism.js';
import { asked, block, bytesOf, compiled, kernel, source, text } from '../support/extism-kernel.js';
import { wat } from '../support/wat.mjs';

it('what is committed is the text, assembled', async () => {
  const committed = readFileSync('src/extism/kernel-binary.ts', 'utf8');
  expect(committed).toContain(Buffer.from(wat(source)).toString('base64'));
});

it('has all 32 functions of the ABI', () => {
  expect([...compiled.exportedFunctions().keys()]).toEqual(expect.arrayContaining(abiNames));
});

describe('blocks', () => {
  it('are zeros, also where something was before', () => {
    const { call } = kernel();
    for (let round = 0; round < 3; round++) {
      call('reset');
      for (const size of [1, 8, 100_000, 7, 0, 3000]) {
        const handle = call('alloc', BigInt(size));
        expect(handle === 0n).toBe(size === 0);
        expect(call('length', handle)).toBe(BigInt(size));
        for (let i = 0; i < size; i += 997) expect(call('load_u8', handle + BigInt(i))).toBe(0n);
        for (let i = 0; i < size; i++) if (i % 5 === 0) call('store_u8', handle + BigInt(i), 0xff);
      }
    }
  });

  it('that were freed twice, or are none, change nothing', () => {
    const { call } = kernel();
    const [a, b] = [block(call, text('one')), block(call, text('two'))];
    for (const handle of [a, a, 0n, 1n, a + 1n, -1n, 1n << 40n, (1n << 32n) + b]) call('free', handle);
    expect([call('length', a), call('length', b), call('length_unsafe', b)]).toEqual([0n, 3n, 3n]);
    expect(bytesOf(call, b)).toEqual(text('two'));
  });

  it('are used again once there are many, and memory stays as it is', () => {
    const { call } = kernel(64);
    const size = () => call('memory_bytes');
    let last = 0n;
    for (let i = 0; i < 1000; i++) {
      const handle = call('alloc', 100_000n); // 100 MB together, in 4 MiB
      expect(handle).not.toBe(0n);
      expect(call('load_u64', handle)).toBe(0n);
      call('store_u64', handle, -1n);
      call('free', last);
      last = handle;
    }
    expect(size()).toBeLessThanOrEqual(64n * 65_536n);
  });

  it('of any length come and go as in a model', () => {
    const operation = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ op: fc.constant('alloc' as const), n: fc.integer({ min: 0, max: 70_000 }) }),
      },
      { weight: 3, arbitrary: fc.record({ op: fc.constant('free' as const), n: fc.nat(1000) }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('reset' as const), n: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
        const { module, call } = kernel(40);
        let live: { handle: bigint; size: number; mark: number }[] = [];
        let mark = 0;
        for (const { op, n } of operations) {
          if (op === 'reset') {
            call('reset');
            live = [];
          } else if (op === 'free') {
            const [gone] = live.splice(n % (live.length || 1), 1);
            if (gone) call('free', gone.handle);
          } else {
            const handle = call('alloc', BigInt(n));
            if (handle === 0n) continue; // no room, or nothing
            mark = (mark % 250) + 1;
            for (const at of [0, n - 1]) call('store_u8', handle + BigInt(at), mark);
            live.push({ handle, size: n, mark });
          }
          for (const block of live) {
            expect(call('length', block.handle)).toBe(BigInt(block.size));
            for (const at of [0, block.size - 1])
              expect(call('load_u8', block.handle + BigInt(at))).toBe(BigInt(block.mark));
          }
        }
        module.closeSync();
      }),
      { numRuns: 60 },
    );
  });

  it('are the same whether the kernel or its twin in JavaScript makes them', () => {
    const operation = fc.record({
      op: fc.constantFrom(
        'alloc' as const,
        'twin' as const,
        'store' as const,
        'free' as const,
        'reset' as const,
        'grow' as const,
      ),
      n: fc.oneof(fc.nat(40), fc.nat(30_000)),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const { module, call } = kernel(60);
        const twin = new Kernel(module as never, { maxPages: 20, maxVarBytes: 300_000 });
        const through = () => module as never;
        const live: { handle: bigint; bytes: Uint8Array }[] = [];
        for (const { op, n } of operations) {
          if (op === 'reset') {
            call('reset');
            live.length = 0;
          } else if (op === 'free') {
            const [gone] = live.splice(n % (live.length || 1), 1);
            if (gone) call('free', gone.handle);
          } else if (op === 'grow') {
            call('var_set', block(call, text(`var ${n}`)), call('alloc', BigInt(n)));
          } else {
            const written = op === 'store' ? new Uint8Array(n).fill((n % 255) + 1) : undefined;
            const handle = written
              ? twin.store(through, written)
              : op === 'twin'
                ? twin.alloc(through, BigInt(n))
                : call('alloc', BigInt(n));
            if (handle === 0n) continue;
            const bytes = twin.read(handle) as Uint8Array;
            expect(Buffer.compare(bytes, written ?? new Uint8Array(n))).toBe(0);
            for (let at = n; at % 8 !== 0; at++) expect(call('load_u8', handle + BigInt(at))).toBe(0n);
            bytes.fill(0xee);
            for (let at = 0; at < n; at += 61) call('store_u8', handle + BigInt(at), 0xee);
            live.push({ handle, bytes: twin.read(handle) as Uint8Array });
          }
          const used = live.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
          expect(used).toBeLessThan(20 * 65_536);
          for (const { handle, bytes } of live) {
            expect([twin.length(handle), call('length', handle)]).toEqual([
              BigInt(bytes.byteLength),
              BigInt(bytes.byteLength),
            ]);
            expect(Buffer.compare(twin.read(handle) as Uint8Array, bytes)).toBe(0);
          }
          for (const handle of [0n, 1n, 7n, 12n, 2n ** 32n, 2n ** 64n - 1n])
            expect(twin.length(handle)).toBe(call('length', BigInt.asIntN(64, handle)));
        }
        module.closeSync();
      }),
      { numRuns: 60 },
    );
    const { module } = kernel();
    const twin = new Kernel(module as never, { maxPages: 1, maxVarBytes: 0 });
    for (const length of [0n, -1n, 65_536n, 2n ** 32n, 2n ** 63n])
      expect(twin.alloc(() => module as never, length)).toBe(0n);
    expect(twin.alloc(() => module as never, 65_535n)).not.toBe(0n);
    expect(twin.alloc(() => module as never, 1n)).toBe(0n);
    expect(twin.allocRefused).toBe(true);
  });

  it('have limits: what they hold together, and memory', () => {
    const { module, call } = kernel(4);
    module.memory?.writeUint64Le(56, 1000n);
    const handle = call('alloc', 600n);
    expect([call('alloc', 401n), module.memory?.readUint32Le(68)]).toEqual([0n, 1]);
    call('free', handle);
    expect(call('alloc', 1000n)).not.toBe(0n);
    expect(call('alloc', 1n)).toBe(0n);
    call('reset');
    module.memory?.writeUint64Le(56, 2n ** 64n - 1n);
    for (const size of [5n * 65_536n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, -1n, -8n])
      expect(call('alloc', size)).toBe(0n);
    expect(call('alloc', 2n * 65_536n)).not.toBe(0n);
  });

  it('out of their range: 0, and nothing is written', () => {
    const { module, call } = kernel();
    const handle = block(call, text('12345678'));
    const control = module.memory?.read(0, 128);
    const outside = [0n, 7n, handle + 8n, -1n, -8n, 1n << 32n, (1n << 32n) + handle, 2n ** 63n - 1n, 1n << 63n];
    for (const at of outside) {
      expect([call('load_u8', at), call('load_u64', at)]).toEqual([0n, 0n]);
      call('store_u8', at, 1);
      call('store_u64', at, 1n);
    }
    expect(call('load_u64', handle + 1n)).toBe(0n);
    expect(bytesOf(call, handle)).toEqual(text('12345678'));
    expect(module.memory?.read(0, 128)).toEqual(control);
  });
});

describe('input, output and error', () => {
  it('are read within their range', () => {
    const { module, call } = kernel();
    const address = Number(call('begin', 10));
    module.memory?.writeString(address, '0123456789');
    expect([call('input_length'), call('length', call('input_offset'))]).toEqual([10n, 10n]);
    expect([call('input_load_u8', 9n), call('input_load_u8', 10n), call('input_load_u8', -1n)]).toEqual([57n, 0n, 0n]);
    expect([call('input_load_u64', 2n) !== 0n, call('input_load_u64', 3n), call('input_load_u64', -8n)]).toEqual([
      true,
      0n,
      0n,
    ]);
    call('free', call('input_offset'));
    expect([call('input_length'), call('input_load_u8', 0n)]).toEqual([0n, 0n]);
  });

  it('are ranges of blocks, or are not taken', () => {
    const { call } = kernel();
    const handle = block(call, text('12345678'));
    const state = () => [call('output_offset'), call('output_length'), call('input_length'), call('error_get')];
    call('output_set', handle + 2n, 3n);
    call('input_set', handle, 8n);
    call('error_set', handle);
    const before = state();
    expect(before).toEqual([handle + 2n, 3n, 8n, handle]);
    for (const [at, length] of [
      [handle, 9n],
      [-1n, 1n],
      [handle, -1n],
      [1n << 32n, 1n],
      [0n, 8n],
    ] as const) {
      call('output_set', at, length);
      call('input_set', at, length);
    }
    for (const at of [-1n, 1n << 32n, 1n]) call('error_set', at);
    expect(state()).toEqual(before);
    call('error_set', 0n);
    expect(call('error_get')).toBe(0n);
    call('reset');
    expect(state()).toEqual([0n, 0n, 0n, 0n]);
  });
});

describe('config and vars', () => {
  it('are kept as in a model, whatever their length, while blocks stay', () => {
    const name = fc.constantFrom('a', 'b', 'total', 'a longer name of a var', '\xff\0', '');
    const operation = fc.record({
      op: fc.constantFrom('set' as const, 'set' as const, 'get' as const, 'delete' as const, 'reset' as const),
      name,
      size: fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 90_000 })),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const { module, call } = kernel(200);
        module.memory?.writeUint32Le(48, 200_000);
        const model = new Map<string, Uint8Array>();
        let witness = block(call, text('witness'));
        let mark = 0;
        for (const { op, name, size } of operations) {
          if (op === 'reset') {
            call('reset');
            witness = block(call, text('witness'));
            continue;
          }
          const key = name === '' ? 0n : block(call, Buffer.from(name, 'latin1'));
          if (op === 'get') {
            const found = call('var_get', key);
            expect(Buffer.compare(bytesOf(call, found), model.get(name) ?? new Uint8Array(0))).toBe(0);
            expect(call('length', key)).toBe(found === key ? call('length', found) : 0n); // it was freed
          } else if (op === 'delete') {
            call('var_set', key, 0n);
            if (name !== '') model.delete(name);
          } else {
            const value = call('alloc', BigInt(size));
            mark = (mark % 250) + 1;
            for (const at of [0, size - 1]) if (at >= 0) call('store_u8', value + BigInt(at), mark);
            const kept = bytesOf(call, value);
            asked.length = 0;
            call('var_set', key, value);
            if (value === 0n) {
              if (name !== '') model.delete(name); // nothing is no value
            } else if (name !== '' && asked.length === 0) {
              model.set(name, kept);
            }
            const bytes = [...model.values()].reduce((sum, { length }) => sum + length, 0);
            expect(bytes).toBeLessThanOrEqual(200_000);
            expect(module.memory?.readUint32Le(44)).toBe(bytes);
          }
          expect(bytesOf(call, witness)).toEqual(text('witness'));
        }
        module.closeSync();
      }),
      { numRuns: 40 },
    );
  });

  it('refuse what is over the limit, and many names without values', () => {
    const { module, call } = kernel(400);
    module.memory?.writeUint32Le(48, 100);
    call('var_set', block(call, text('a')), call('alloc', 101n));
    expect(asked).toEqual([['refused', 101n]]);
    call('var_set', block(call, text('a')), call('alloc', 100n));
    call('var_set', block(call, text('b')), call('alloc', 1n));
    expect(asked).toEqual([
      ['refused', 101n],
      ['refused', 101n],
    ]);
    const end = () => module.memory?.readUint32Le(40) as number;
    call('var_set', block(call, text('a')), 0n);
    for (let i = 0; i < 30; i++) {
      call('var_set', block(call, new Uint8Array(5_000).fill(i + 1)), call('alloc', 1n));
      call('reset');
    }
    expect(end()).toBeLessThan(70_000);
  });
});

it('logs what the level lets through, and frees the message', () => {
  const { module, call } = kernel();
  const lines = () =>
    asked.map(
      ([, level, address, length]) => `${level} ${module.memory?.readString(address as number, length as number)}`,
    );
  expect(call('get_log_level')).toBe(0x7fff_ffffn);
  call('log_error', block(call, text('silent')));
  module.memory?.writeUint32Le(4, 2);
  for (const name of ['log_trace', 'log_debug', 'log_info', 'log_warn', 'log_error']) {
    const handle = block(call, text(name));
    call(name, handle);
    expect(call('length', handle)).toBe(0n);
  }
  call('log_error', 12345n);
  expect(lines()).toEqual(['2 log_info', '3 log_warn', '4 log_error']);
});

it('any call with any arguments leaves it as it should be', () => {
  const argument = fc.oneof(
    fc.constantFrom(0n, 1n, 8n, -1n, 1n << 32n, (1n << 32n) - 1n, 1n << 63n, 65_536n),
    fc.bigInt({ min: 0n, max: 5_000n }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  );
  const call = fc.record({ name: fc.constantFrom(...abiNames), a: argument, b: argument });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const { module } = kernel(30);
      const base = module.memory?.readUint32Le(0);
      for (const { name, a, b } of calls) {
        const fn = module.exportedFunction(name);
        const args = fn?.definition.paramTypes.map((type, i) => {
          const value = i === 0 ? a : b;
          return type === 'i64' ? value : Number(BigInt.asIntN(32, value));
        });
        fn?.callSync(...(args as []));
        const word = (at: number) => module.memory?.readUint32Le(at) as number;
        const size = module.memory?.size() as number;
        expect(word(0)).toBeGreaterThanOrEqual(base as number);
        expect(word(0) + word(12) + word(16)).toBeLessThanOrEqual(size); // the output
        expect(word(0) + word(24) + word(28)).toBeLessThanOrEqual(size); // the error
        expect(word(36)).toBe(128);
        expect(word(40)).toBeGreaterThanOrEqual(128);
        expect(word(40)).toBeLessThanOrEqual(word(0));
      }
      module.closeSync();
    }),
    { numRuns: 300 },
  );
});
