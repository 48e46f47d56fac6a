import { describe, expect } from 'vitest';
import { needsStacks } from '../../test/support/edits.js';
import { run } from '../run.js';

const main = new URL('main.mjs', import.meta.url);

describe('Python that a model has written', () => {
  for (const from of ['frozen', 'loaded'])
    needsStacks(`runs in copies of a warm interpreter, ${from}, hostile scripts too`, async () => {
      const lines = (await run(main)).trimEnd().split('\n');
      expect(lines).toEqual([
        'counts words: ok | {"a": 2, "rose": 2, "is": 1} | in.txt,out.json',
        'is another one: ok | []',
        expect.stringMatching(/^draws at random: ok \| 0\.\d+$/),
        'does not end: timeout | ',
        expect.stringMatching(/^takes all memory: (exit 1 \| MemoryError|timeout \| )$/),
        expect.stringMatching(/^looks around: exit 1 \| FileNotFoundError: /),
        expect.stringMatching(/^changes a package: exit 1 \| OSError: \[Errno 69\] Read-only file system/),
        expect.stringMatching(
          /^prints without end: (exit (1|120) \| x+ \| OSError: \[Errno 51\] No space left|timeout)/,
        ),
        expect.stringMatching(/^goes down: exit 1 \| RecursionError/),
        'leaves: exit 7 | ',
        expect.stringMatching(/^a run: \d+ ms$/),
      ]);
    });
});
