import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { wat } from '../../test/support/wat.mjs';
import { run } from '../run.js';

it('guests wait for I/O together, and are stopped in it', async () => {
  expect(await run(new URL('main.mjs', import.meta.url))).toBe(
    '100 guests: 18 bytes each\nthey waited together: true\na guest with 100 ms: TimeoutError\n',
  );
});

it('guest.wasm is guest.wat', () => {
  const file = (name: string) => readFileSync(new URL(name, import.meta.url));
  expect(Buffer.from(wat(file('guest.wat').toString()))).toEqual(file('guest.wasm'));
});
