/** F5: file systems in JavaScript that fail. The guest gets an errno, the process a warning where it is no system error, nothing hangs. */
import { createFsFromVolume, Volume } from 'memfs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endingOnceBegun } from '../support/aftermath.mjs';
import { needsEdit } from '../support/edits.js';
import { type FileSystem, FSConfig, type Module, ModuleConfig, OutputBuffer, Trap } from '../support/package.js';
import { E, filesGuest } from '../support/wasi-guest.js';
import { wat } from '../support/wat.mjs';

const { guest: program, configOf, runAsync, runSync: runSyncOn } = filesGuest();

let warnings: Error[] = [];
const onWarning = (warning: Error) => void warnings.push(warning);
beforeEach(() => {
  warnings = [];
  process.on('warning', onWarning);
});
afterEach(() => void process.off('warning', onWarning));

const memory = () => {
  const fs = createFsFromVolume(new Volume());
  fs.writeFileSync('/f', 'content');
  return fs;
};
type Methods = Record<string, (...args: never[]) => unknown>;
/** memfs, but for some methods. */
const but = (fs: object, methods: Methods) =>
  new Proxy(fs, { get: (target, name) => methods[name as string] ?? Reflect.get(target, name) }) as FileSystem;
const mounted = (fs: FileSystem) => new FSConfig().withSysFSMount(fs, '/');
const run = (fs: FileSystem, ...script: string[]) => runAsync(mounted(fs), ...script);
const runSync = (fs: FileSystem, ...script: string[]) => runSyncOn(mounted(fs), ...script);
const coded = (code: string) => Object.assign(new Error(`it is ${code}`), { code });
const throws = (value: unknown) => () => {
  throw value;
};
const EIO = E.IO;

describe('F5: an error with a code of the system', () => {
  for (const [code, errno, test] of [
    ['EACCES', 2, it],
    ['EBUSY', 10, needsEdit('e7errno')],
    ['EDQUOT', 19, needsEdit('e7errno')],
    ['EMFILE', 33, needsEdit('e7errno')],
    ['ENOSPC', 51, needsEdit('e7errno')],
    ['EROFS', 69, it],
    ['EXDEV', 75, needsEdit('e7errno')],
    ['EIO', EIO, it],
  ] as const) {
    test(`${code} is that errno, and no warning`, async () => {
      const fs = memory();
      expect(runSync(but(fs, { mkdirSync: throws(coded(code)) }), 'mkdir', '/d')).toEqual([`mkdir: !${errno}`]);
      const rejecting = but(fs.promises, { mkdir: () => Promise.reject(coded(code)) });
      expect(await run(rejecting, 'mkdir', '/d')).toEqual([`mkdir: !${errno}`]);
      expect(warnings).toEqual([]);
    });
  }
});

describe('F5: any other failure is EIO and a warning', () => {
  const failures: unknown[] = [new Error('broken'), coded('ERR_OF_MINE'), 'a string', undefined, null, 7, { code: 7 }];
  it.each(failures)('thrown or rejected: %o', async (failure) => {
    const fs = memory();
    expect(runSync(but(fs, { mkdirSync: throws(failure) }), 'mkdir', '/d', 'read', '/f')).toEqual([
      `mkdir: !${EIO}`,
      'read: content',
    ]);
    const rejecting = but(fs.promises, { mkdir: () => Promise.reject(failure) });
    expect(await run(rejecting, 'mkdir', '/d', 'read', '/f')).toEqual([`mkdir: !${EIO}`, 'read: content']);
    await expect.poll(() => warnings.length).toBe(2);
    if (failure instanceof Error) expect(warnings).toEqual([failure, failure]);
    else expect(warnings[0]!.message).toMatch(/^the file system at \/ failed: /);
  });

  const wrong: [what: string, methods: Methods, script: string[], lines: string[]][] = [
    ...['fd', -1, 1.5, NaN, undefined].map((fd): [string, Methods, string[], string[]] => [
      `openSync answers ${String(fd)}`,
      { openSync: () => fd },
      ['read', '/f'],
      [`read: !${EIO}`],
    ]),
    ...[-1, 1e9, '3', NaN, 2.5].map((count): [string, Methods, string[], string[]] => [
      `readSync answers ${String(count)}`,
      { readSync: () => count },
      ['read', '/f'],
      [`read: !${EIO}`],
    ]),
    ...[-1, 1e9, 0, {}].map((count): [string, Methods, string[], string[]] => [
      `writeSync answers ${String(count)}`,
      { writeSync: () => count },
      ['write', '/f', 'text'],
      [`write: !${EIO}`],
    ]),
    ...[undefined, null, {}, 'x', { mode: 'x' }, { mode: NaN }].map((stats): [string, Methods, string[], string[]] => [
      `statSync answers ${JSON.stringify(stats)}`,
      { statSync: () => stats, lstatSync: () => stats },
      ['stat', '/f', 'read', '/f'],
      [`stat: !${EIO}`, `read: !${EIO}`],
    ]),
    ...[undefined, {}, 'ab', [7], [''], [{}], ['x'.repeat(5000)], [{ name: 5 }]].map(
      (entries): [string, Methods, string[], string[]] => [
        `readdirSync answers ${JSON.stringify(entries)?.slice(0, 20)}`,
        { readdirSync: () => entries },
        ['ls', '/'],
        [`ls: !${EIO}`],
      ],
    ),
    ...[undefined, 5, null].map((target): [string, Methods, string[], string[]] => [
      `readlinkSync answers ${String(target)}`,
      { readlinkSync: () => target },
      ['readlink', '/f'],
      [`readlink: !${EIO}`],
    ]),
  ];
  it.each(wrong)('%s', async (_what, methods, script, lines) => {
    expect(runSync(but(memory(), methods), ...script)).toEqual(lines);
    expect(await run(but(memory(), methods), ...script)).toEqual(lines);
    await expect.poll(() => warnings.length).toBeGreaterThan(1);
    for (const { message } of warnings) expect(message).toMatch(/^Expected .* but received |EIO/);
  });

  it('a target that is too long for any path is ENAMETOOLONG', () => {
    const fs = but(memory(), { readlinkSync: () => 'x'.repeat(5000) });
    expect(runSync(fs, 'readlink', '/f')).toEqual(['readlink: !37']);
  });
  it('names and targets may be bytes, and entries mere names', () => {
    const fs = memory();
    fs.mkdirSync('/d');
    const bytes = but(fs, {
      readdirSync: () => [Buffer.from('f'), 'd', 'gone'],
      readlinkSync: () => Buffer.from('ziel'),
    });
    expect(runSync(bytes, 'ls', '/', 'readlink', '/f')).toEqual(['ls: f d/ gone? (3)', 'readlink: ziel']);
  });
  it('a method that is missing is ENOSYS', () => {
    const fs = but(memory(), { linkSync: undefined as never });
    const { linkSync: _gone, ...rest } = memory();
    expect(runSync(rest as unknown as FileSystem, 'link', '/f', '/g')).toEqual(['link: !52']);
    expect(fs).toBeDefined();
    expect(warnings).toEqual([]);
  });
  it('a file handle without sync uses datasync', async () => {
    const fs = memory().promises;
    const open = fs.open.bind(fs);
    let synced = 0;
    const without = but(fs, {
      open: async (...args: Parameters<typeof open>) => {
        const handle = await open(...args);
        return but(handle, { sync: 0 as never, datasync: async () => void synced++ });
      },
    });
    expect((await run(without, 'one', '/f'))[0]).toContain(' sy00 ');
    expect(synced).toBe(2);
  });
});

describe('F5: an asynchronous file system in the synchronous lane', () => {
  it('is not asked: the call fails with a Trap whose cause is ERR_WAZERO_WOULD_BLOCK', async () => {
    let asked = 0;
    const fs = but(memory().promises, { stat: () => ++asked, open: () => ++asked });
    const out = new OutputBuffer();
    let error: unknown;
    try {
      program.runtime.instantiateModuleSync(program.compiled, configOf(mounted(fs), out, ['read', '/f']));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(Trap);
    expect((error as Trap).cause).toMatchObject({ code: 'ERR_WAZERO_WOULD_BLOCK' });
    expect(asked).toBe(0);
  });
  it('so does a synchronous one that answers with a Promise', async () => {
    const fs = but(memory(), { openSync: () => Promise.resolve(3) });
    expect(() => runSync(fs, 'read', '/f')).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'ERR_WAZERO_WOULD_BLOCK' }) }),
    );
  });
});

describe('F5: a file system that never answers', () => {
  it.each(['stat', 'open', 'readdir', 'mkdir'])('%s: the deadline ends the call', async (method) => {
    const fs = but(memory().promises, { [method]: () => new Promise(() => {}) });
    const script = ['mkdir', '/d', 'read', '/f', 'ls', '/', 'stat', '/f'];
    const { error } = await endingOnceBegun(() =>
      program.runtime.instantiateModule(program.compiled, configOf(mounted(fs), new OutputBuffer(), script), {
        timeoutMs: 200,
      }),
    );
    expect(error).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
  });
  it('a file that is opened too late is closed', async () => {
    let open: (handle: object) => void = () => {};
    let closed = 0;
    const asked = new AbortController();
    const fs = but(memory().promises, {
      open: () => {
        setImmediate(() => asked.abort());
        return new Promise((resolve) => (open = resolve));
      },
    });
    await expect(
      program.runtime.instantiateModule(program.compiled, configOf(mounted(fs), new OutputBuffer(), ['read', '/f']), {
        signal: asked.signal,
      }),
    ).rejects.toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'abort' });
    open({ close: async () => void closed++ });
    await expect.poll(() => closed).toBe(1);
  });
});

describe('F5: a file system that calls the guest', () => {
  const guest = wat(`(module
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 8) "f") (global $n (mut i32) (i32.const 0))
    (func (export "inc") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
    (func (export "open") (result i32)
      (call $open (i32.const 3) (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16))))`);
  let module: Module;
  const instantiate = (fs: FileSystem) =>
    program.runtime.instantiate(
      guest,
      new ModuleConfig().withName('').withFSConfig(new FSConfig().withSysFSMount(fs, '/')),
    );
  afterEach(() => module.close());
  const inc = () => module.exportedFunction('inc', [], ['i32']);

  it('inside a synchronous call it is nested', async () => {
    const fs = memory();
    const counts: number[] = [];
    module = await instantiate(
      but(fs, {
        openSync: (path: string, flags: number) => {
          counts.push(inc().callSync());
          return fs.openSync(path, flags);
        },
      }),
    );
    const open = module.exportedFunction('open', [], ['i32']);
    expect([open.callSync(), open.callSync(), counts]).toEqual([0, 0, [1, 2]]);
  });
  it('inside an asynchronous one it is told that the module is busy, and the guest gets EIO', async () => {
    module = await instantiate(but(memory(), { openSync: () => inc().callSync() }));
    expect(await module.exportedFunction('open', [], ['i32']).call()).toBe(EIO);
    await expect
      .poll(() => warnings.map((warning) => (warning as { code?: string }).code))
      .toEqual(['ERR_WAZERO_BUSY']);
    expect(await inc().call()).toBe(1);
  });
  it('closing the module while it is asked ends the call and closes the files', async () => {
    const fs = memory();
    const open = new Set<number>();
    module = await instantiate(
      but(fs, {
        openSync: (path: string, flags: number) => {
          const fd = fs.openSync(path, flags);
          open.add(fd);
          return fd;
        },
        closeSync: (fd: number) => {
          open.delete(fd);
          fs.closeSync(fd);
        },
        statSync: (path: string) => {
          if (open.size > 0) void module.close();
          return fs.statSync(path);
        },
      }),
    );
    const run = module.exportedFunction('open', [], ['i32']);
    expect(await run.call()).toBe(0);
    expect(open.size).toBe(1);
    await expect(run.call()).rejects.toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'close' });
    await expect.poll(() => open.size).toBe(0);
  });
});
