/** Exceptions as values: thrown by host functions into guests, and by guests at their hosts. */
import { CoreFeatures, Exception, Runtime, RuntimeConfig, type Tag, Trap } from 'node-wazero';
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';

const text = (name: string) => [name.length, ...Buffer.from(name)];
const vector = (...items: number[][]) => [items.length, ...items.flat()];
const section = (id: number, ...items: number[][]) => [id, vector(...items).length, ...vector(...items)];
const body = (...code: number[]) => [code.length + 2, 0, ...code, 0x0b];
// (tag $t (export "t") (param i32 externref)), (import "env" "f" (func $f))
const guest = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [0x60, 0, 0], [0x60, 2, 0x7f, 0x6f, 0], [0x60, 0, 2, 0x7f, 0x6f], [0x60, 0, 1, 0x7f]),
  ...section(2, [...text('env'), ...text('f'), 0, 0]),
  ...section(3, [2], [3], [0], [1]),
  ...section(13, [0, 1]),
  ...section(
    7,
    [...text('t'), 4, 0],
    [...text('run'), 0, 1],
    [...text('all'), 0, 2],
    [...text('through'), 0, 3],
    [...text('throw'), 0, 4],
  ),
  ...section(
    10,
    // block (result i32 externref) try_table (catch $t 0) call $f end i32.const -1 ref.null extern end
    body(0x02, 2, 0x1f, 0x40, 1, 0, 0, 0, 0x10, 0, 0x0b, 0x41, 0x7f, 0xd0, 0x6f, 0x0b),
    // block try_table (catch_all 0) call $f end i32.const 0 return end i32.const 1
    body(0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x10, 0, 0x0b, 0x41, 0, 0x0f, 0x0b, 0x41, 1),
    body(0x10, 0),
    body(0x20, 0, 0x20, 1, 0x08, 0),
  ),
]);

async function withGuest(
  config: RuntimeConfig,
  use: (call: (name: string, ...args: unknown[]) => any, tag: Tag, host: { f: () => unknown }) => Promise<void>,
  lane: 'call' | 'callSync',
) {
  await using runtime = new Runtime(config.withCoreFeatures(CoreFeatures.V2 | CoreFeatures.ExceptionHandling));
  const host = { f: (): any => {} };
  runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => host.f(), [], [])
    .export('f')
    .instantiateSync();
  const module = runtime.instantiateSync(guest);
  const call = (name: string, ...args: unknown[]) => (module.exportedFunction(name) as any)[lane](...args);
  await use(call, module.exportedTag('t') as Tag, host);
}
const trapOf = async (run: () => unknown): Promise<Trap> => {
  try {
    await run();
  } catch (error) {
    if (error instanceof Trap) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const engines = { compiler: () => RuntimeConfig.compiler(), interpreter: () => RuntimeConfig.interpreter() };
for (const [engine, config] of Object.entries(engines))
  for (const lane of ['call', 'callSync'] as const)
    describe(`${engine}, ${lane}`, () => {
      needsEdit('e12extern')('a host function throws what a guest catches, with its values, however often', () =>
        withGuest(
          config(),
          async (call, tag, host) => {
            expect(tag.types).toEqual(['i32', 'externref']);
            for (let i = 0; i < 10; i++) {
              const value = { i };
              host.f = () => {
                throw new Exception(tag, [i, value]);
              };
              expect(await call('run')).toEqual([i, value]);
              expect(await call('all')).toBe(1);
              host.f = () => {};
              expect(await call('run')).toEqual([-1, null]);
              expect(await call('all')).toBe(0);
            }
          },
          lane,
        ),
      );

      needsEdit('e12extern')(
        'what nobody catches ends the call: the very object, or one with the values of the guest',
        () =>
          withGuest(
            config(),
            async (call, tag, host) => {
              for (let i = 0; i < 5; i++) {
                const thrown = new Exception(tag, [7, 'x']);
                host.f = () => {
                  throw thrown;
                };
                const trap = await trapOf(() => call('through'));
                expect(trap.kind).toBe('uncaught exception');
                expect(trap.exception).toBe(thrown);
                const other = await trapOf(() => call('throw', 8, host));
                expect(other.exception).toBeInstanceOf(Exception);
                const { tag: of, values } = other.exception as Exception;
                expect([of === tag, values[0], values[1] === host]).toEqual([true, 8, true]);
              }
            },
            lane,
          ),
      );

      needsEdit('e12extern')('an error is no exception: catch_all does not see it', () =>
        withGuest(
          config(),
          async (call, tag, host) => {
            const error = new Error('mine');
            host.f = () => {
              throw error;
            };
            expect((await trapOf(() => call('all'))).cause).toBe(error);
            host.f = () => {
              throw new Exception(tag, ['no number', 1]);
            };
            expect((await trapOf(() => call('all'))).cause).toBeInstanceOf(TypeError);
            host.f = () => {};
            expect(await call('all')).toBe(0);
          },
          lane,
        ),
      );

      if (lane === 'call')
        needsEdit('e12extern')('by a Promise that rejects', () =>
          withGuest(
            config(),
            async (call, tag, host) => {
              host.f = async () => {
                throw new Exception(tag, [1, null]);
              };
              expect(await call('run')).toEqual([1, null]);
              expect((await trapOf(() => call('through'))).exception).toBeInstanceOf(Exception);
            },
            lane,
          ),
        );
    });

it('what is no tag, and values of another number', async () => {
  await withGuest(
    RuntimeConfig.compiler(),
    async (_, tag) => {
      expect(() => new Exception({} as Tag, [])).toThrow('Expected a Tag for tag');
      expect(() => new Exception(tag, [1])).toThrow('Expected 2 values for the tag but received 1');
    },
    'callSync',
  );
});
