// Snapshots (wazero: experimental/checkpoint_test.go).
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CallerModule,
  experimental,
  type Module,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

// setjmp and longjmp: `run` takes a snapshot (0: taken, else restored), counts in a local and in memory, and goes back from `depth`
// calls deeper.
const guest = wat(`(module
  (import "env" "snapshot" (func $snapshot (result i32)))
  (import "env" "restore" (func $restore (param i32)))
  (memory (export "memory") 1)
  (func $deeper (param $depth i32) (param $value i32)
    (if (i32.eqz (local.get $depth)) (then (call $restore (local.get $value)) (unreachable)))
    (call $deeper (i32.sub (local.get $depth) (i32.const 1)) (local.get $value)))
  (func (export "run") (param $depth i32) (result i32 i32) (local $before i32) (local $got i32)
    (local.set $before (i32.const 5))
    (local.set $got (call $snapshot))
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (if (i32.lt_u (local.get $got) (i32.const 3))
      (then (local.set $before (i32.const 6)) (call $deeper (local.get $depth) (i32.add (local.get $got) (i32.const 1)))))
    (local.get $got) (i32.load (i32.const 0)))
  (func (export "late") (call $restore (i32.const 1))))`);

const lanes = {
  async: (module: Module, ...args: unknown[]) => module.exportedFunction('run')!.call(...(args as [])),
  sync: async (module: Module, ...args: unknown[]) => module.exportedFunction('run')!.callSync(...(args as [])),
};

interface Host {
  snapshot(caller: CallerModule): number | Promise<number>;
  restore(caller: CallerModule, value: number): void | Promise<void>;
}
async function withHost(config: RuntimeConfig, { snapshot, restore }: Host): Promise<Runtime> {
  const runtime = new Runtime(config);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(snapshot, [], ['i32'])
    .export('snapshot')
    .newFunctionBuilder()
    .withModuleFunction(restore, ['i32'], [])
    .export('restore')
    .instantiate();
  return runtime;
}

for (const engine of ['compiler', 'interpreter'] as const) {
  for (const [lane, call] of Object.entries(lanes)) {
    needsEdit('e9snapshot')(
      `goes back to where the snapshot was taken, as often as it is restored (${engine}, ${lane})`,
      async () => {
        let taken: experimental.Snapshot | undefined;
        await using runtime = await withHost(RuntimeConfig[engine](), {
          snapshot: (caller) => {
            taken = experimental.snapshot(caller);
            return 0;
          },
          restore: (_caller, value) => taken!.restore([value]),
        });
        const module = await runtime.instantiate(guest);
        for (const depth of [0, 1, 500]) {
          module.memory!.writeUint32Le(0, 0);
          // Restored with 1, 2, 3; memory is not restored: four passes.
          expect(await call(module, depth)).toEqual([3, 4]);
        }
        expect(module.isClosed).toBe(false);
      },
    );
  }

  needsEdit('e9snapshot')(`waits for the answer of an asynchronous host function (${engine})`, async () => {
    let taken: experimental.Snapshot | undefined;
    await using runtime = await withHost(RuntimeConfig[engine](), {
      snapshot: async (caller) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        taken = experimental.snapshot(caller);
        return 0;
      },
      restore: async (_caller, value) => {
        taken!.restore([value]);
        await new Promise((resolve) => setTimeout(resolve, 2));
      },
    });
    const module = await runtime.instantiate(guest);
    expect(await module.exportedFunction('run')!.call(3)).toEqual([3, 4]);
  });

  it(`throws what the host function throws after restore, and restores nothing then (${engine})`, async () => {
    const thrown = new Error('after restore');
    let taken: experimental.Snapshot | undefined;
    await using runtime = await withHost(RuntimeConfig[engine](), {
      snapshot: (caller) => {
        taken = experimental.snapshot(caller);
        return 0;
      },
      restore: (_caller, value) => {
        taken!.restore([value]);
        throw thrown;
      },
    });
    const module = await runtime.instantiate(guest);
    expect(await errorOf(() => module.exportedFunction('run')!.call(1))).toMatchObject({ cause: thrown });
  });
}

it('refuses a snapshot anywhere but in the host function, and restore anywhere but in its call', async () => {
  const callers: CallerModule[] = [];
  const refused: unknown[] = [];
  let taken: experimental.Snapshot | undefined;
  await using runtime = await withHost(new RuntimeConfig(), {
    snapshot: (caller) => {
      callers.push(caller);
      taken = experimental.snapshot(caller);
      expect(() => taken!.restore([])).toThrow(/Expected 1 results for env.snapshot but received 0/);
      expect(() => taken!.restore(['x'])).toThrow(TypeError);
      return 3; // nothing to restore
    },
    restore: async () => {
      refused.push(await errorOf(() => taken!.restore([1])));
    },
  });
  const module = await runtime.instantiate(guest, new ModuleConfig());
  expect(await module.exportedFunction('run')!.call(0)).toEqual([3, 1]);
  expect(() => experimental.snapshot(callers[0]!)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
  expect(() => experimental.snapshot(module as CallerModule)).toThrow(TypeError);
  expect(() => taken!.restore([1])).toThrow(TypeError);
  await module.exportedFunction('late')!.call(); // another call
  expect(refused[0]).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
  await module.exclusive((lent) => {
    expect(() => experimental.snapshot(lent)).toThrow(TypeError);
  });
});
