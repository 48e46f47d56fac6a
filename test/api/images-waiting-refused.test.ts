// What stands in the way of freezing a guest that waits in a host function.
import { Volume } from 'memfs';
import { expect } from 'vitest';
import { needsEdit, needsStacks } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CallerModule,
  CoreFeatures,
  experimental,
  LinkError,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const features =
  CoreFeatures.V2 | CoreFeatures.ExceptionHandling | CoreFeatures.Threads | CoreFeatures.TypedFunctionReferences;
const named = (name: string) => new ModuleConfig().withName(name);

/** A runtime whose function env.ask asks `ask`, in either lane. */
async function open(ask: (caller: CallerModule) => unknown, config = RuntimeConfig.compiler()) {
  const runtime = new Runtime(config.withCoreFeatures(features));
  const builder = runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction((caller) => ask(caller) as never, [], [])
    .export('ask')
    .newFunctionBuilder()
    .withModuleFunction(async (caller) => ask(caller) as never, [], [])
    .export('later');
  await builder.instantiate();
  return runtime;
}
/** What both lanes are refused with. */
async function refusal(text: string, name = 'run', config?: RuntimeConfig): Promise<string> {
  const messages: string[] = [];
  const freeze = async (caller: CallerModule) => {
    const error = await errorOf(() => caller.freeze());
    expect(error).toBeInstanceOf(LinkError);
    messages.push((error as Error).message);
  };
  await using runtime = await open((caller) => void freeze(caller), config);
  for (const imported of ['ask', 'later']) {
    const module = await runtime.instantiate(
      wat(`(module (import "env" "${imported}" (func $ask)) ${text})`),
      named('guest'),
    );
    if (imported === 'ask') module.exportedFunction(name)!.callSync();
    await module.exportedFunction(name)!.call();
    await module.close();
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(new Set(messages).size, messages.join()).toBe(1);
  return messages[0]!;
}
const prefix = 'module[guest] cannot be frozen: ';

needsEdit('e13waiting')('the interpreter', async () => {
  expect(await refusal('(func (export "run") (call $ask))', 'run', RuntimeConfig.interpreter())).toBe(
    `${prefix}the interpreter has no stack that can be copied`,
  );
});

needsStacks('a function that holds references', async () => {
  const held = (body: string) => `(table $t 1 funcref) (elem declare func $f) (func $f)
     (func $outer (call $ask)) (func $inner (local $r funcref) ${body}) (func (export "run") (call $inner))`;
  const holds = `${prefix}a function that holds references waits on its stack: .inner`;
  expect(
    await refusal(held('(local.set $r (ref.func $f)) (call $outer) (table.set $t (i32.const 0) (local.get $r))')),
  ).toBe(holds);
  expect(await refusal(held('(call $outer) (table.set $t (i32.const 0) (ref.null func))'))).toBe(holds);
});

needsStacks('try_table, shared memory and imports', async () => {
  expect(await refusal(`(tag $e) (func (export "run") (block $h (try_table (catch_all $h) (call $ask))))`)).toBe(
    `${prefix}it waits inside of try_table`,
  );
  expect(await refusal('(memory 1 2 shared) (func (export "run") (call $ask))')).toBe(`${prefix}shared memory`);
});

needsStacks('a start section', async () => {
  let message = '';
  await using runtime = await open(async (caller) => {
    message = ((await errorOf(() => caller.freeze())) as Error).message;
  });
  await runtime.instantiate(
    wat('(module (import "env" "later" (func $ask)) (func $s (call $ask)) (start $s))'),
    named('s'),
  );
  expect(message).toContain('it waits in its start section');
});

needsStacks('a snapshot of the call, a call below, another guest on the stack, a listener', async () => {
  const messages: string[] = [];
  let inside: (caller: CallerModule) => unknown = () => {};
  await using runtime = await open((caller) => inside(caller));
  const note = async (caller: CallerModule) => {
    const error = await errorOf(() => caller.freeze());
    expect(error).toBeInstanceOf(LinkError);
    messages.push((error as Error).message);
  };
  const binary = wat(`(module (import "env" "later" (func $ask)) (func (export "run") (call $ask))
    (func (export "idle")))`);
  const guest = await runtime.instantiate(binary, named('guest'));
  const run = guest.exportedFunction('run')!;

  inside = (caller) => {
    experimental.snapshot(caller);
    return note(caller);
  };
  await run.call();
  expect(messages.pop()).toBe(`${prefix}a snapshot of the call was taken`);

  let depth = 0;
  inside = async (caller) => {
    if (depth++ === 0) await caller.exportedFunction('run')!.call();
    else await note(caller);
  };
  await run.call();
  expect(messages.pop()).toContain('another call waits below');

  // Joined guests: the caller is not the one that was called, and its function waits on the other's stack.
  inside = note;
  const outer = await runtime.instantiate(
    wat('(module (import "guest" "run" (func $run)) (func (export "go") (call $run)))'),
    named('outer'),
  );
  await outer.exportedFunction('go')!.call();
  expect(messages.pop()).toContain('called by another guest');
  const table = await runtime.instantiate(
    wat(`(module (import "env" "later" (func $ask)) (table (export "t") 1 funcref) (type $v (func))
      (func (export "back") (call $ask))
      (func (export "run") (call_indirect (type $v) (i32.const 0))))`),
    named('table'),
  );
  await runtime.instantiate(
    wat(`(module (import "table" "t" (table 1 funcref)) (import "table" "back" (func $back)) (elem (i32.const 0) $through)
      (func $through (call $back)))`),
    named('between'),
  );
  await table.exportedFunction('run')!.call();
  expect(messages.pop()).toContain('a function of another guest waits on its stack');

  const heard = await runtime.compileModule(binary, { listener: { before() {} } });
  const listened = await runtime.instantiateModule(heard, named('heard'));
  await listened.exportedFunction('run')!.call();
  expect(messages.pop()).toContain('a listener hears it');
});

needsStacks('what cannot be frozen at rest either', async () => {
  let message = '';
  await using runtime = await open(async (caller) => {
    message = ((await errorOf(() => caller.freeze())) as Error).message;
  });
  await wasi.instantiate(runtime);
  const fs = Volume.fromJSON({ '/a': 'text' });
  const module = await runtime.instantiate(
    wat(`(module (import "env" "later" (func $ask))
      (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 0) "a")
      (func (export "run") (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)
        (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8))) (call $ask)))`),
    named('files').withFS(fs as never),
  );
  await module.exportedFunction('run')!.call();
  expect(message).toBe('module[files] cannot be frozen: 1 open file: /a');
});

needsEdit('e13waiting')('a caller that has answered; freezeAt with the interpreter', async () => {
  let kept: CallerModule | undefined;
  await using runtime = await open((caller) => {
    kept = caller;
  });
  const module = await runtime.instantiate(
    wat('(module (import "env" "ask" (func $ask)) (func (export "run") (call $ask)))'),
    named('guest'),
  );
  module.exportedFunction('run')!.callSync();
  expect(await errorOf(() => kept!.freeze())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });

  await using interpreting = new Runtime(RuntimeConfig.interpreter());
  await wasi.instantiate(interpreting);
  const error = await errorOf(() =>
    interpreting.instantiate(
      wat(`(module (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)))))`),
      named('guest'),
      { freezeAt: 'stdin' },
    ),
  );
  expect(error).toMatchObject({
    code: 'ERR_WAZERO_LINK',
    message: expect.stringContaining('no stack that can be copied'),
  });
});
