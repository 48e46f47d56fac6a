/** What programs do to what surrounds the package: timers and clocks that stand still, answers that call guests while they are read. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { run } from '../support/child.js';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { type CallerModule, type Module, ModuleConfig, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest =
  wat(`(module (import "env" "host" (func $host (param i32) (result i32))) (import "env" "late" (func $late (param i32) (result i32)))
  (func (export "id") (param i32) (result i32) (local.get 0))
  (func (export "host") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "late") (param i32) (result i32) (call $late (local.get 0)))
  (func (export "forever") (param i32) (result i32) (loop $l (br $l)) (unreachable)))`);

it('timers and clocks that a test has put in the place of the real ones', async () => {
  const fakes = {
    setTimeout: () => 0,
    setImmediate: () => 0,
    clearTimeout: () => {},
    queueMicrotask: () => {},
    AbortController: class {},
    DOMException: class {},
    Buffer: undefined,
  };
  const was = Object.fromEntries(
    [...Object.keys(fakes)].map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!]),
  );
  const { now } = performance;
  const { hrtime } = process;
  const answers: unknown[] = [];
  await using runtime = new Runtime(interruptible());
  let ended: AbortSignal | undefined;
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction((x: number) => x, ['i32'], ['i32'])
    .export('host')
    .newFunctionBuilder()
    .withModuleFunction(
      async (caller: CallerModule, x: number) => {
        ended = caller.signal;
        await sleep(1);
        return x;
      },
      ['i32'],
      ['i32'],
    )
    .export('late')
    .instantiate();
  const module = await runtime.instantiate(guest);
  const of = (name: string) => module.exportedFunction(name, ['i32'], ['i32']);
  try {
    for (const [name, value] of Object.entries(fakes))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    performance.now = () => 0;
    process.hrtime = Object.assign(() => [0, 0] as [number, number], { bigint: () => 0n });
    for (let k = 0; k < 4; k++) {
      answers.push(of('id').callSync(k), of('host').callSync(k));
      answers.push(...(await Promise.all([of('id').call(k), of('host').call(k), of('late').call(k)])));
    }
    // In the queue the deadline is ours, and then Go's.
    const [first, second] = [of('forever'), of('id')].map((f) =>
      errorOf(() => f.withOptions({ timeoutMs: 100 }).call(0)),
    );
    answers.push(await first, await second);
  } finally {
    performance.now = now;
    process.hrtime = hrtime;
    for (const [name, descriptor] of Object.entries(was)) Object.defineProperty(globalThis, name, descriptor);
  }
  const timeout = expect.objectContaining({ name: 'TimeoutError' });
  const closed = expect.objectContaining({ code: expect.stringMatching(/_ABORTED$|_CLOSED$/) });
  expect(answers).toEqual([...[0, 1, 2, 3].flatMap((k) => [k, k, k, k, k]), timeout, closed]);
  expect(ended).toBeInstanceOf(AbortSignal);
  expect(ended).toMatchObject({ aborted: true, reason: { name: 'AbortError' } });
});

it('timers and clocks that are faked between the import and the first runtime', async () => {
  const { stdout, stderr } = await run('faked-early');
  const right = { error: 'ERR_WAZERO_EXIT', signal: 'AbortSignal', real: true, kept: true };
  expect({ stderr, ...JSON.parse(stdout) }).toEqual({ stderr: '', ...right });
});

const takers = ['values/node.ts', 'values/surroundings.ts'];
it(`nothing outside of the command uses a global timer, clock or constructor while it runs: ${takers.join(' and ')} have them`, () => {
  const src = new URL('../../src/', import.meta.url);
  const found: string[] = [];
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.startsWith('cli') || takers.includes(file)) continue;
    const text = readFileSync(new URL(file, src), 'utf8').replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
    const imports = text.matchAll(
      /import \{([^}]*)\} from '(?:[./]+(?:values\/)?(?:node|surroundings)\.js|node:\w+)'/g,
    );
    const imported = [...imports].map(([, names]) => names).join();
    const uses = text.matchAll(
      /(?<![.\w])(set\w*(?:Timeout|Immediate|Interval)|clear\w*(?:Timeout|Immediate|Interval)|queueMicrotask|performance|AbortController|AbortSignal|DOMException|Buffer|Date|structuredClone|globalThis)(?:\(|\.\w)/g,
    );
    for (const [, name] of uses) if (!imported.split(/[\s,]+/).includes(name!)) found.push(`${file}: ${name}`);
  }
  expect(found).toEqual([]);
});

/** Modules whose host function answers what `answer` makes, called often enough to be entered without Go. */
async function answering(
  results: readonly ('i64' | 'v128')[],
  answer: (disturb: () => void) => unknown,
): Promise<{ runtime: Runtime; two: Module }> {
  const runtime = new Runtime(interruptible());
  let other: Module | undefined;
  const disturb = () => {
    for (let i = 0; i < 4; i++) other?.exportedFunction('id', ['i64'], ['i64']).callSync(99n);
  };
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction((() => answer(disturb)) as never, [], results)
    .export('h')
    .instantiate();
  const compiled = await runtime.compileModule(
    wat(`(module (import "env" "h" (func $h (result ${results.join(' ')})))
      (func (export "two") (result i64 i64) ${results[1] === 'v128' ? '(local $v v128) (local.set $v (call $h)) (i64x2.extract_lane 0 (local.get $v))' : '(call $h)'})
      (func (export "id") (param i64) (result i64) (local.get 0)))`),
  );
  const anonymous = new ModuleConfig().withName('');
  const two = await runtime.instantiateModule(compiled, anonymous);
  other = await runtime.instantiateModule(compiled, anonymous);
  return { runtime, two };
}

it.each([
  [
    'a getter in the array',
    ['i64', 'i64'] as const,
    (disturb: () => void) =>
      Object.defineProperty([1n, 2n], 1, {
        get() {
          disturb();
          return 2n;
        },
      }),
  ],
  [
    'a Proxy',
    ['i64', 'i64'] as const,
    (disturb: () => void) =>
      new Proxy([1n, 2n], {
        get(target, name) {
          if (name === '1') disturb();
          return Reflect.get(target, name);
        },
      }),
  ],
  [
    'a vector that looks at itself',
    ['i64', 'v128'] as const,
    (disturb: () => void) => [
      1n,
      Object.defineProperty(new Uint8Array([2, ...Array.from({ length: 15 }, () => 0)]), 'byteLength', {
        get() {
          disturb();
          return 16;
        },
      }),
    ],
  ],
])('an answer that calls another guest while it is read: %s', async (_, results, answer) => {
  const { runtime, two } = await answering(results, answer);
  const f = two.exportedFunction('two', [], ['i64', 'i64']);
  for (let k = 0; k < 6; k++) expect(f.callSync(), `call ${k}`).toEqual([1n, 2n]);
  expect(await f.call()).toEqual([1n, 2n]);
  await runtime.close();
});

it('options are read once', async () => {
  await using runtime = new Runtime(interruptible());
  let reads = 0;
  const options = {
    get importResolver() {
      return reads++ === 0 ? () => undefined : (7 as never);
    },
  };
  await runtime.instantiate(wat('(module)'), new ModuleConfig().withName(''), options);
  expect(reads).toBe(1);
  const types = Object.defineProperty(['i32'], 0, { get: () => (reads++ % 2 === 1 ? 'i32' : 'nonsense') });
  const builder = runtime.newHostModuleBuilder('once').newFunctionBuilder();
  await builder
    .withFunction(() => {}, types as never, [])
    .export('f')
    .instantiate();
});
