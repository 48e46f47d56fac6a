import { expect, it } from 'vitest';
import { run } from '../run.js';

const main = new URL('main.mjs', import.meta.url);

it.each(['frozen', 'loaded'])('runs scripts in copies of a warm Ruby, %s, hostile ones too', async () => {
  const lines = (await run(main)).trimEnd().split('\n');
  expect(lines).toEqual([
    'uses the library: ok | {"words":["a","is","rose"],"at":"1970-01-01T00:00:00Z"}',
    'leaves nothing: ok | nil',
    'is another one: ok | nil',
    expect.stringMatching(/^draws at random: ok \| \d+$/),
    'does not end: timeout',
    expect.stringMatching(/^takes all memory: (exit 1 \| .*failed to allocate memory|timeout)/),
    expect.stringMatching(/^goes down: exit 1 \| .*stack level too deep/),
    'asks for JavaScript: Trap',
    expect.stringMatching(/^looks around: exit 1 \| .*No such file or directory/),
    expect.stringMatching(/^is wrong: exit 1 \| .*SyntaxError/),
    'leaves: exit 7 | so far',
    expect.stringMatching(/^a run: [\d.]+ ms$/),
  ]);
});
