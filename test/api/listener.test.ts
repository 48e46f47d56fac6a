// Function listeners and host logging (wazero: experimental/listener_test.go, experimental/logging/log_listener_test.go).
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { endingOnceBegun } from '../support/aftermath.mjs';
import { errorOf } from '../support/errors.js';
import {
  CompilationCache,
  experimental,
  type FunctionListener,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  Trap,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module $guest
  (import "env" "host" (func $host (param i32)))
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $middle (param i32) (result i32) (call $leaf (local.get 0)))
  (func $outer (export "outer") (param i32) (result i32) (call $middle (local.get 0)))
  (func $all (export "all") (param i32 i64 f32 f64 v128 externref) (result externref i64) (local.get 5) (local.get 1))
  (func $trap (export "trap") (call $inner))
  (func $inner (unreachable))
  (func $callHost (export "callHost") (call $host (i32.const 7))))`);

/** The same with a custom section of its own. */
const withSection = Uint8Array.from([...guest, 0, 6, 4, ...Buffer.from('mine'), 1]);

type Heard = [event: string, name: string, values?: unknown];
function recorder(heard: Heard[], filter?: FunctionListener['filter']): FunctionListener {
  return {
    ...(filter && { filter }),
    before: ({ definition, params }) => heard.push(['before', definition.name, params]),
    after: ({ definition, results }) => heard.push(['after', definition.name, results]),
    abort: ({ definition, error }) => heard.push(['abort', definition.name, (error as Error).name]),
  };
}

async function withEnv(config: RuntimeConfig, host: (value: number) => void = () => {}): Promise<Runtime> {
  const runtime = new Runtime(config);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(host, ['i32'], [])
    .export('host')
    .instantiate();
  return runtime;
}

/** The same call in both lanes. */
const lanes = {
  async: (module: Module, name: string, ...args: unknown[]) => module.exportedFunction(name)!.call(...(args as [])),
  sync: async (module: Module, name: string, ...args: unknown[]) =>
    module.exportedFunction(name)!.callSync(...(args as [])),
};

for (const engine of ['compiler', 'interpreter'] as const) {
  for (const [lane, call] of Object.entries(lanes)) {
    const name = (text: string) => `${text} (${engine}, ${lane})`;

    it(name('hears before and after, from the outside in, with params and results'), async () => {
      await using runtime = await withEnv(RuntimeConfig[engine]());
      const heard: Heard[] = [];
      const compiled = await runtime.compileModule(guest, { listener: recorder(heard) });
      const module = await runtime.instantiateModule(compiled);
      expect(await call(module, 'outer', 41)).toBe(42);
      expect(heard).toEqual([
        ['before', 'outer', [41]],
        ['before', 'middle', [41]],
        ['before', 'leaf', [41]],
        ['after', 'leaf', [42]],
        ['after', 'middle', [42]],
        ['after', 'outer', [42]],
      ]);
    });

    it(name('gives values of every type as JavaScript values'), async () => {
      await using runtime = await withEnv(RuntimeConfig[engine]());
      const heard: Heard[] = [];
      const module = await runtime.instantiateModule(await runtime.compileModule(guest, { listener: recorder(heard) }));
      const object = { an: 'object' };
      const vector = Uint8Array.from({ length: 16 }, (_, i) => i);
      const args = [-1, -2n, 1.5, 2.5, vector, object];
      expect(await call(module, 'all', ...args)).toEqual([object, -2n]);
      expect(heard).toEqual([
        ['before', 'all', args],
        ['after', 'all', [object, -2n]],
      ]);
      expect((heard[0]![2] as unknown[])[5]).toBe(object);
    });

    it(name('hears an abort for each function that a trap unwinds, innermost first'), async () => {
      await using runtime = await withEnv(RuntimeConfig[engine]());
      const heard: Heard[] = [];
      const module = await runtime.instantiateModule(await runtime.compileModule(guest, { listener: recorder(heard) }));
      expect(await errorOf(() => call(module, 'trap'))).toMatchObject({ kind: 'unreachable' });
      expect(heard).toEqual([
        ['before', 'trap', []],
        ['before', 'inner', []],
        ['abort', 'inner', 'Trap'],
        ['abort', 'trap', 'Trap'],
      ]);
      heard.length = 0;
      expect(await call(module, 'outer', 1)).toBe(2); // and goes on hearing
      expect(heard).toHaveLength(6);
    });

    it(name('gives what a host function threw as the cause of the abort'), async () => {
      const thrown = new Error('from the host');
      await using runtime = await withEnv(RuntimeConfig[engine](), () => {
        throw thrown;
      });
      const errors: unknown[] = [];
      const listener: FunctionListener = { abort: ({ error }) => errors.push(error) };
      const module = await runtime.instantiateModule(await runtime.compileModule(guest, { listener }));
      expect(await errorOf(() => call(module, 'callHost'))).toMatchObject({ cause: thrown });
      expect(errors).toHaveLength(1);
      expect(errors[0]).toBeInstanceOf(Trap);
      expect((errors[0] as Trap).cause).toBe(thrown);
    });

    it(name('names the stack, innermost first, also of functions that it does not hear'), async () => {
      await using runtime = await withEnv(RuntimeConfig[engine]());
      const stacks: Record<string, string[]> = {};
      const names = (stack: readonly { name: string }[]) => stack.map(({ name }) => name);
      const listener: FunctionListener = {
        filter: ({ name }) => name !== 'middle' && name !== 'trap',
        before: ({ definition, stack }) => {
          stacks[`before ${definition.name}`] = names(stack());
        },
        after: ({ definition, stack }) => {
          stacks[`after ${definition.name}`] = names(stack());
        },
        abort: ({ definition, stack }) => {
          stacks[`abort ${definition.name}`] = names(stack());
        },
      };
      const module = await runtime.instantiateModule(await runtime.compileModule(guest, { listener }));
      await call(module, 'outer', 1);
      await errorOf(() => call(module, 'trap'));
      const whole = ['leaf', 'middle', 'outer'];
      expect(stacks).toEqual({
        'before outer': ['outer'],
        'before leaf': whole,
        'after leaf': whole,
        'after outer': ['outer'],
        'before inner': ['inner', 'trap'],
        'abort inner': ['inner', 'trap'],
      });
    });

    it(name('ends the call with a Trap where before throws, with that error as cause'), async () => {
      await using runtime = await withEnv(RuntimeConfig[engine]());
      const refused = new Error('refused');
      const heard: string[] = [];
      const listener: FunctionListener = {
        before: ({ definition }) => {
          if (definition.name === 'leaf') throw refused;
          heard.push(definition.name);
        },
      };
      const module = await runtime.instantiateModule(await runtime.compileModule(guest, { listener }));
      const error = await errorOf(() => call(module, 'outer', 1));
      expect(error).toBeInstanceOf(Trap);
      expect(error).toMatchObject({ kind: 'host function', cause: refused });
      expect(heard).toEqual(['outer', 'middle']);
      expect(module.isClosed).toBe(false);
    });
  }

  it(`asks the filter once for each function that the module defines, when it is compiled (${engine})`, async () => {
    await using runtime = await withEnv(RuntimeConfig[engine]());
    for (const sync of [false, true]) {
      const asked: string[] = [];
      const heard: Heard[] = [];
      const listener = recorder(heard, (definition) => {
        asked.push(definition.name);
        return definition.exportNames.length > 0;
      });
      using compiled = sync
        ? runtime.compileModuleSync(guest, { listener })
        : await runtime.compileModule(guest, { listener });
      expect(asked).toEqual(['leaf', 'middle', 'outer', 'all', 'trap', 'inner', 'callHost']);
      await using module = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
      await module.exportedFunction('outer')!.call(1);
      expect(heard.map(([event, name]) => `${event} ${name}`)).toEqual(['before outer', 'after outer']);
      expect(asked).toHaveLength(7);
    }
  });

  it(`binds each listener to its own compilation of the same bytes (${engine}; D11)`, async () => {
    await using cache = new CompilationCache();
    const config = RuntimeConfig[engine]().withCompilationCache(cache).withCustomSections(true);
    await using one = await withEnv(config);
    await using other = await withEnv(config); // the same engine
    const heard: string[] = [];
    const sections: string[][] = [];
    const make = async (runtime: Runtime, who: string | undefined) => {
      const listener = who === undefined ? undefined : { before: () => void heard.push(who) };
      const compiled = await runtime.compileModule(withSection, listener && { listener });
      sections.push(compiled.customSections().map(({ name }) => name));
      return runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
    };
    const modules = [await make(one, 'a'), await make(one, 'b'), await make(other, 'c'), await make(other, undefined)];
    for (const module of modules) expect(await module.exportedFunction('outer')!.call(1)).toBe(2);
    expect(heard).toEqual(['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c']);
    expect(sections).toEqual(Array(4).fill(['mine'])); // what tells the bytes apart is not seen
  });
}

it('hears the start section, whose module is being instantiated, and a module that imports another', async () => {
  await using runtime = new Runtime();
  const heard: [string, string][] = [];
  const listener: FunctionListener = {
    before: ({ module, definition }) => heard.push([module.name, definition.name]),
  };
  const library = wat('(module $library (func $f (export "f")) (start $f))');
  const program = wat('(module $program (import "library" "f" (func $g)) (func $run (export "run") (call $g)))');
  const first = await runtime.instantiateModule(await runtime.compileModule(library, { listener }));
  expect(heard).toEqual([['library', 'f']]);
  const second = await runtime.instantiateModule(await runtime.compileModule(program, { listener }));
  await second.exportedFunction('run')!.call();
  expect(heard.slice(1)).toEqual([
    ['program', 'run'],
    ['library', 'f'],
  ]);
  expect(first.name).toBe('library');
});

it('may call the guest: the guest waits meanwhile', async () => {
  await using runtime = await withEnv(new RuntimeConfig());
  const seen: number[] = [];
  const listener: FunctionListener = {
    filter: ({ name }) => name === 'outer',
    before: ({ module }) => void seen.push(module.isClosed ? 1 : 0),
  };
  const module = await runtime.instantiateModule(await runtime.compileModule(guest, { listener }));
  await Promise.all(Array.from({ length: 50 }, (_, i) => module.exportedFunction('outer')!.call(i)));
  expect(seen).toEqual(Array(50).fill(0));
});

it('hears a deadline as an abort, and the module is closed', async () => {
  await using runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  const heard: Heard[] = [];
  const bytes = wat('(module (func $spin (export "spin") (loop $l (br $l))))');
  const module = await runtime.instantiateModule(await runtime.compileModule(bytes, { listener: recorder(heard) }));
  const { error } = await endingOnceBegun(() => module.exportedFunction('spin')!.withOptions({ timeoutMs: 50 }).call());
  expect(error).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
  expect(heard).toEqual([
    ['before', 'spin', []],
    ['abort', 'spin', 'TimeoutError'],
  ]);
});

it('gives a recursive function each of its calls', async () => {
  await using runtime = new Runtime();
  const depths: number[] = [];
  const deep = wat(`(module
    (func $down (export "down") (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
        (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))))))`);
  const listener: FunctionListener = {
    before: ({ stack }) => void depths.push(stack().length),
    after: ({ stack }) => void depths.push(-stack().length),
  };
  const module = await runtime.instantiateModule(await runtime.compileModule(deep, { listener }));
  expect(await module.exportedFunction('down')!.call(3)).toBe(3);
  expect(depths).toEqual([1, 2, 3, 4, -4, -3, -2, -1]);
});

it('is bound to code that comes from a cache directory, too', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wazero-listener-'));
  try {
    for (let round = 0; round < 2; round++) {
      await using cache = CompilationCache.withDir(directory);
      await using runtime = await withEnv(RuntimeConfig.compiler().withCompilationCache(cache));
      const heard: string[] = [];
      for (const who of ['a', 'b']) {
        const listener = { before: () => void heard.push(who) };
        const compiled = await runtime.compileModule(guest, { listener });
        const module = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
        expect(await module.exportedFunction('outer')!.call(1)).toBe(2);
      }
      expect(heard).toEqual(['a', 'a', 'a', 'b', 'b', 'b']);
    }
    // Two at a time were alive, so there are two entries, not four.
    expect(readdirSync(directory, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())).toHaveLength(2);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('refuses what is no listener', async () => {
  await using runtime = new Runtime();
  for (const listener of [1, 'x', { before: 1 }, { filter: 'x' }]) {
    expect(await errorOf(() => runtime.compileModule(guest, { listener: listener as never }))).toMatchObject({
      code: 'ERR_WAZERO_INVALID_ARGUMENT',
    });
  }
  const thrown = new Error('from the filter');
  const filter = () => {
    throw thrown;
  };
  expect(await errorOf(() => runtime.compileModule(guest, { listener: { filter } }))).toBe(thrown);
  expect(await errorOf(() => runtime.compileModule(new Uint8Array(3), { listener: { filter } }))).toMatchObject({
    code: 'ERR_WAZERO_COMPILE',
  });
});

// ---------------------------------------------------------------- host logging
const logged = wat(`(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func $hidden (drop (call $random (i32.const 0) (i32.const 4))))
  (func $run (export "run") (call $hidden) (drop (call $time (i32.const 0) (i64.const 0) (i32.const 8)))))`);

for (const [lane, call] of Object.entries(lanes)) {
  it(`logs host calls of the scopes asked for, in wazero's own lines (${lane})`, async () => {
    const all = ['--> .run()', '\t==> wasi_snapshot_preview1.random_get(buf=0,buf_len=4)', '\t<== errno=ESUCCESS'];
    const time = ['\t==> wasi_snapshot_preview1.clock_time_get(id=realtime,precision=0)'];
    for (const [scopes, expected] of [
      [['random'], ['==> wasi_snapshot_preview1.random_get(buf=0,buf_len=4)', '<== errno=ESUCCESS']],
      [['sock'], []],
      [['all'], [...all, ...time]],
    ] as const) {
      await using runtime = new Runtime();
      await wasi.instantiate(runtime);
      const buffer = new OutputBuffer();
      const listener = experimental.hostLoggingListener(buffer, scopes);
      const module = await runtime.instantiateModule(await runtime.compileModule(logged, { listener }));
      await call(module, 'run');
      const lines = buffer.text().split('\n');
      expect(lines.slice(0, expected.length)).toEqual(expected);
      if (expected.length === 0) expect(buffer.text()).toBe('');
      // A guest beside it that nobody listens to.
      buffer.reset();
      const other = await runtime.instantiate(logged);
      await call(other, 'run');
      expect(buffer.byteLength).toBe(0);
    }
  });
}

it('logs to a function, and to a stream', async () => {
  await using runtime = new Runtime();
  await wasi.instantiate(runtime);
  const chunks: string[] = [];
  const sink = async (chunk: Uint8Array) => {
    await new Promise((resolve) => setTimeout(resolve, 5)); // the guest waits
    chunks.push(Buffer.from(chunk).toString());
  };
  const listener = experimental.hostLoggingListener(sink, ['random']);
  const module = await runtime.instantiateModule(await runtime.compileModule(logged, { listener }));
  await module.exportedFunction('run')!.call();
  expect(chunks.join('')).toBe('==> wasi_snapshot_preview1.random_get(buf=0,buf_len=4)\n<== errno=ESUCCESS\n');
  expect(() => experimental.hostLoggingListener(sink, ['everything' as never])).toThrow(TypeError);
  expect(() => experimental.hostLoggingListener({} as never, ['all'])).toThrow(TypeError);
});
