import { describe, expect, it } from 'vitest';
import { run } from '../run.js';

const main = new URL('main.mjs', import.meta.url);

describe('expressions of strangers', () => {
  it('give values, and cannot do anything else', async () => {
    const lines = (await run(main)).trimEnd().split('\n');
    expect(lines).toEqual([
      'price * quantity -> 78',
      'tags.filter((tag) => tag.startsWith("a")) -> ["ab","ac"]',
      'typeof process + typeof require + typeof fetch -> undefinedundefinedundefined',
      expect.stringMatching(/^\(\(\) => \{ for \(;;\); \}\)\(\) -> TimeoutError: /),
      expect.stringMatching(/^"x".repeat\(1e9\) -> Error: /),
      expect.stringMatching(/^1\)\); \(2 -> Error: SyntaxError/),
    ]);
  });

  it('are taken from the command line', async () => {
    expect(await run(main, ['price * 2', '{"price":21}'])).toBe('price * 2 -> 42\n');
  });
});
