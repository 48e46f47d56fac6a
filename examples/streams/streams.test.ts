import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { wat } from '../../test/support/wat.mjs';
import { run } from '../run.js';

it('stdin comes out of the guest, all of it', async () => {
  const text = 'Hello, guest! '.repeat(50_000); // 700 kB
  const stdout = await run(new URL('main.mjs', import.meta.url), [], text);
  expect(stdout.length).toBe(text.length);
  expect(stdout === text.toUpperCase()).toBe(true);
});

it('upper.wasm is upper.wat', () => {
  const file = (name: string) => readFileSync(new URL(name, import.meta.url));
  expect(Buffer.from(wat(file('upper.wat').toString()))).toEqual(file('upper.wasm'));
});
