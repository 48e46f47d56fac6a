import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasEdit } from '../../test/support/edits.js';
import { wat } from '../../test/support/wat.mjs';
// @ts-expect-error an example in JavaScript
import { PluginHost } from './host.mjs';

const main = fileURLToPath(new URL('./main.mjs', import.meta.url));

function run(env: NodeJS.ProcessEnv) {
  // execFile rejects unless the example ends by itself, with code 0.
  return promisify(execFile)(process.execPath, [main], { env, timeout: 150_000 });
}

/** name -> what it answered, and when, in the order of the answers */
function answers(stdout: string) {
  return [...stdout.matchAll(/^(\w+) answered (\d+) (.*) after (\d+) ms$/gm)].map((match) => ({
    name: match[1],
    status: Number(match[2]),
    body: JSON.parse(match[3]!),
    ms: Number(match[4]),
  }));
}

// Upstream, others wait for a guest that loops.
describe.skipIf(!hasEdit('e1'))('the plugin host (needs edit e1)', () => {
  let stdout = '';
  beforeAll(async () => {
    ({ stdout } = await run(process.env));
  }, 160_000);

  it.each([
    ['price', { total: '13.50' }],
    ['receipt', { receipt: '8ea8938a', copies: 1 }],
    ['label', { label: '3 x TEA -> Oslo' }],
    ['coupon', { coupon: 'TEATIME', percent: 10 }],
    ['stock', { left: 39 }],
  ])('%s answers while another plugin loops for ever', (name, body) => {
    const all = answers(stdout);
    const answer = all.find((each) => each.name === name);
    expect(answer).toMatchObject({ status: 200, body });
    const runaway = all.find((each) => each.name === 'runaway');
    expect(all.indexOf(answer!)).toBeLessThan(all.indexOf(runaway!));
  });

  it('stops the runaway plugin at its deadline', () => {
    const stopped = answers(stdout).find((each) => each.name === 'runaway');
    expect(stopped).toMatchObject({ status: 504, body: { code: 'ERR_WAZERO_EXIT' } });
    expect(stopped!.body.error).toMatch(/^stopped after \d+ ms \(deadline 500 ms\)$/);
    expect(stopped!.ms).toBeGreaterThanOrEqual(500);
  });

  it('starts the runaway plugin anew for the next order', () => {
    const again = answers(stdout).filter((each) => each.name === 'runaway')[1];
    expect(again).toMatchObject({ status: 200, body: { spins: 0 } });
  });

  it('takes a new version of a plugin while it is asked', () => {
    const coupons = answers(stdout).filter((each) => each.name === 'coupon');
    expect(coupons.map(({ status, body }) => [status, body.coupon])).toEqual([
      [200, 'TEATIME'],
      [200, 'TEATIME'],
      [200, 'HALF'],
    ]);
  });

  it('gives an uploaded plugin no more memory than it may have', () => {
    const last = answers(stdout).at(-1);
    expect(last).toMatchObject({ name: 'greedy', status: 502, body: { error: 'InternalError: out of memory' } });
  });

  it('gives the next request a fresh instance after a trap', async () => {
    const host = await PluginHost.create({ log: () => {}, store: new Map(), origin: 'http://localhost' });
    try {
      // A long order traps, and what it leaves behind makes every later one trap in the same instance.
      await host.load(
        'trap',
        await host.compile(
          wat(`(module (memory (export "memory") 1) (data (i32.const 64) "7") (global $broken (mut i32) (i32.const 0))
            (func (export "alloc") (param i32) (result i32) (i32.const 1024))
            (func (export "dealloc") (param i32 i32))
            (func (export "handle") (param i32 i32) (result i64)
              (if (global.get $broken) (then unreachable))
              (if (i32.gt_u (local.get 1) (i32.const 20)) (then (global.set $broken (i32.const 1)) unreachable))
              (i64.const 0x4000000001)))`),
        ),
      );
      expect(await host.request('trap', 'short', 5_000)).toBe(7);
      await expect(host.request('trap', 'long'.repeat(9), 5_000)).rejects.toMatchObject({ kind: 'unreachable' });
      expect(await host.request('trap', 'short', 5_000)).toBe(7);
    } finally {
      await host.close();
    }
  });

  it('shows what the plugins say by host functions and by WASI', () => {
    expect(stdout).toContain('[coupon] 1 coupon(s) used so far');
    expect(stdout).toContain('[stock] reserved 3 of 42');
  });
});
