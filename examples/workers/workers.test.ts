import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { wat } from '../../test/support/wat.mjs';
import { run } from '../run.js';

it('Workers share what is compiled, and answer', async () => {
  expect(await run(new URL('main.mjs', import.meta.url))).toBe(
    '1 1 2 3 5 8 13 21 34 55 89 144 233 377 610 987 1597 2584 4181 6765\n',
  );
});

it('fib.wasm is fib.wat', () => {
  const file = (name: string) => readFileSync(new URL(name, import.meta.url));
  expect(Buffer.from(wat(file('fib.wat').toString()))).toEqual(file('fib.wasm'));
});
