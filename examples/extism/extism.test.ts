import { expect, it } from 'vitest';
import { run } from '../run.js';

it('plugins of Extism, in Rust and in Go, behind one host', async () => {
  const lines = (await run(new URL('main.mjs', import.meta.url))).trimEnd().split('\n');
  expect(lines).toEqual([
    '2 x 250 -> No. 1: 5.00 EUR',
    '12 x 250 -> No. 2: 27.00 EUR',
    'twelve -> Plugin-originated error: Expected "pieces x cents"',
    'hang -> EXTISM: call canceled due to timeout',
    '100 x 5 -> No. 3: 3.75 EUR',
    '100 x 5 -> No. 4: 3.75 EUR',
    'hang -> EXTISM: call canceled due to timeout',
    '1 x 99 -> No. 5: 0.99 EUR',
  ]);
});
