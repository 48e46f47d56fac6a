/** What V8 has and this has not. jsapi.json names the tests of the official suite that fail for it, and no others do: `passed` of them pass. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withWebAssembly } from '../support/webassembly.js';

const suite = JSON.parse(readFileSync(new URL('jsapi.json', import.meta.url), 'utf8')) as {
  passed: number;
  broken: string[];
  failed: Record<string, string[]>;
};

it('memories and tables of 64 bits, GC types, buffers of shared memories', async () => {
  await withWebAssembly({}, (W) => {
    expect(() => new W.Memory({ address: 'i64', initial: 1n })).toThrow(TypeError);
    expect(() => new W.Table({ address: 'i64', element: 'anyfunc', initial: 1n })).toThrow(TypeError);
    expect(W.validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 3, 1, 0x5f, 0]))).toBe(false); // (type (struct))
    expect(W.validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 4, 1]))).toBe(false); // (memory i64 1)
    expect(() => new W.Memory({ initial: 1, maximum: 1, shared: true }).buffer).toThrow(W.RuntimeError);
  });
});

it('are all that fails of the official suite', () => {
  expect(suite.passed).toBeGreaterThanOrEqual(1000);
  const names = Object.entries(suite.failed).flatMap(([file, tests]) => tests.map((name) => `${file}: ${name}`));
  const other = names.filter((name) => !/memory64|i64|shared memory/.test(name));
  expect(other).toEqual([]);
  expect(suite.broken.filter((file) => !/^gc\/|^js-string\/basic/.test(file))).toEqual([]);
});
