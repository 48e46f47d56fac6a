/** What a function has shown of how long it takes holds for its code, in all instances (native/addon/lanes/express.h, ExpressPace). */
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { direct, world } from '../support/express-calls.js';
import { binding } from '../support/package.js';
import { slowness } from '../support/slowness.js';

const guest = (result: number) => `(module
  (func (export "f") (result i32) (i32.const ${result}))
  (func (export "loop") (param i32) (loop $l (br_if $l (local.get 0)))))`;

/** Counts calls of a native function, and the milliseconds in them. */
async function watching(name: 'expressCall' | 'expressPoll', work: () => Promise<void>) {
  const native = binding() as unknown as Record<string, () => unknown>;
  const real = native[name] as () => unknown;
  const seen = { calls: 0, ms: 0 };
  native[name] = () => {
    const began = performance.now();
    const answer = real(); // of expressPoll: whether there is more
    seen.calls++;
    seen.ms += performance.now() - began;
    return answer;
  };
  try {
    await work();
  } finally {
    native[name] = real;
  }
  return seen;
}

it('the first call of a new instance goes without Go once that of others has been seen', async () => {
  const { another } = await world(guest(21)); // a module of this test's own
  const { calls } = await watching('expressCall', async () => {
    for (let i = 0; i < 10; i++) expect(await (await another()).exportedFunction('f')!.call()).toBe(21);
  });
  const all = process.env.WAZERO_NODE_DIRECT === '1';
  expect(calls).toBe(direct ? (all ? 10 : 8) : 0);
});

needsEdit('e2')(
  'one that was quick and is not any more holds the event loop once or twice, and not in each of many instances',
  async () => {
    const { another } = await world(guest(22));
    const first = (await another()).exportedFunction('loop')!;
    for (let i = 0; i < 100; i++) await first.call(0);
    const { ms } = await watching('expressPoll', async () => {
      const loops = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const loop = (await another()).exportedFunction('loop')!;
          return errorOf(() => loop.withOptions({ timeoutMs: 300 }).call(1));
        }),
      );
      // Those that got no turn before are stopped, too.
      for (const error of loops)
        expect(String((error as { code?: string }).code)).toMatch(/^ERR_WAZERO_(EXIT|ABORTED)$/);
    });
    expect(ms).toBeLessThan(400 * slowness); // four milliseconds or so, on a machine that has nothing else to do
  },
);
