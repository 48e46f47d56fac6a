/** The addon below src: what keeps the process alive whatever it is given, and what loading it does to the process. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { binding } from '../support/package.js';

type Binding = ReturnType<typeof binding>;
type Hooks = Parameters<Binding['init']>[0];

const hasProc = process.platform === 'linux';
const maskOf = (thread: string) =>
  BigInt(`0x${/SigBlk:\s*(\w+)/.exec(readFileSync(`/proc/self/task/${thread}/status`, 'utf8'))![1]}`);
const ignored = () => BigInt(`0x${/SigIgn:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`);
const bit = (signal: number) => 1n << BigInt(signal - 1);

const threadsBefore = new Set(hasProc ? readdirSync('/proc/self/task') : []);
const maskBefore = hasProc ? maskOf(String(process.pid)) : 0n;
const ignoredBefore = hasProc ? ignored() : 0n;
const addon = createRequire(import.meta.url)(
  fileURLToPath(new URL('../../build/Release/node_wazero.node', import.meta.url)),
) as { create(): Binding };

/** A binding object of this file's own; what it is told is collected. */
function create(hooks: Partial<Hooks> = {}) {
  const own = addon.create();
  const messages: Parameters<Hooks['message']>[] = [];
  own.init({
    message: (...message) => void messages.push(message),
    upcall: () => 0,
    area: new ArrayBuffer(17_408),
    read() {},
    ask() {},
    express() {},
    error: (json) => new Error(json),
    ...hooks,
  });
  return { own, messages };
}

describe.skipIf(!hasProc)('loading the addon', () => {
  it('leaves the mask of the thread and what the process ignores as they were: SIGPIPE', () => {
    expect(maskOf(String(process.pid))).toBe(maskBefore);
    expect(ignored()).toBe(ignoredBefore);
    expect(ignoredBefore & bit(13)).not.toBe(0n);
  });

  it('starts threads of Go that do not take the asynchronous signals of others', () => {
    const started = readdirSync('/proc/self/task').filter((thread) => !threadsBefore.has(thread));
    expect(started.length).toBeGreaterThan(0);
    for (const thread of started) {
      const [interrupt, user2, terminate] = [2, 12, 15].map((signal) => maskOf(thread) & bit(signal));
      expect([interrupt, user2, terminate], thread).not.toContain(0n);
    }
  });
});

describe('a binding object', () => {
  it('is one for each that asks, with hooks of its own', async () => {
    const [first, second] = [create(), create()];
    const { handle } = first.own.runtimeNew({});
    first.own.setActive(true);
    first.own.compile(handle, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 1, 77, 0);
    await expect.poll(() => first.messages.length).toBe(1);
    first.own.setActive(false);
    expect(first.messages[0]!.slice(0, 3)).toEqual([1, 0, 77]); // MSG.done, WZ_OK, the request
    expect(second.messages).toEqual([]);
    first.own.runtimeClose(handle, 0);
  });

  it('does nothing before init, and has one init', () => {
    expect(() => addon.create().stats()).toThrow('init comes first');
    const { own } = create();
    const hooks = {
      message() {},
      upcall: () => 0,
      ask() {},
      read() {},
      express() {},
      error: (json: string) => new Error(json),
    };
    expect(() => own.init({ ...hooks, area: new ArrayBuffer(17_408) })).toThrow('before');
    for (const wrong of [undefined, null, {}, { message: 1 }]) {
      expect(() => addon.create().init(wrong as never)).toThrow(TypeError);
    }
    for (const area of [undefined, 1024, new ArrayBuffer(8), new Uint8Array(17_408)]) {
      expect(() => addon.create().init({ ...hooks, area: area as never })).toThrow('area');
    }
    // Nothing is entered before init, and no slot that was never given.
    expect(addon.create().directCall()).toBeUndefined();
    expect(own.directCall()).toBeUndefined();
    expect(() => addon.create().expressCall()).toThrow('init comes first');
    expect(() => addon.create().expressPoll()).toThrow('init comes first');
    const { own: ready } = create();
    ready.expressCall();
    ready.expressPoll();
    expect(ready.expressReply()).toBe(false);
    expect(() => ready.expressClose(7)).not.toThrow();
  });

  it('throws what the hook makes of an error, also when that is null or the hook throws', () => {
    const thrown = (error: Hooks['error']) => {
      try {
        return create({ error }).own.compileSync(1, new Uint8Array(8), 1, 0);
      } catch (value) {
        return value;
      }
    };
    const mine = new Error('mine');
    expect(thrown(() => mine)).toBe(mine);
    expect(thrown(() => null as never)).toBe(null);
    expect(
      thrown(() => {
        throw mine;
      }),
    ).toBe(mine);
  });

  it('makes a mistake of a message hook an uncaught exception', async () => {
    const mistake = new Error('in the hook');
    const { own } = create({
      message: () => {
        throw mistake;
      },
    });
    const { handle } = own.runtimeNew({});
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    try {
      const caught = new Promise((resolve) => process.once('uncaughtException', resolve));
      own.setActive(true);
      own.compile(handle, new Uint8Array(8), 1, 1, 0);
      expect(await caught).toBe(mistake);
    } finally {
      own.setActive(false);
      own.runtimeClose(handle, 0);
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });
});

/** Any object is a record: what is missing is the default. */
const takesRecord = ['runtimeNew', 'runtimeConfigDescribe', 'moduleConfigDescribe'];
describe('arguments that are none', () => {
  const { own } = create();
  const needNone = new Set([
    'buildInfo',
    'stats',
    'collect',
    'signalsOnStack',
    'directCall',
    'expressCall',
    'expressReply',
    'expressPoll',
    'groupsDepend',
    'tenantList',
  ]);
  const names = Object.entries(own)
    .filter(([name, value]) => typeof value === 'function' && !needNone.has(name))
    .map(([name]) => name as keyof Binding);

  it.each(names)('%s throws a TypeError', (name) => {
    const call = own[name] as (...args: unknown[]) => unknown;
    const isInit = name === 'init'; // it was called before, whatever its argument
    for (const junk of [
      undefined,
      null,
      Symbol('junk'),
      'junk',
      () => {},
      new Proxy({}, {}),
      -1,
      0.5,
      NaN,
      2 ** 53,
      -1n,
    ]) {
      if (takesRecord.includes(name) && junk !== undefined && junk !== null) continue; // a record without known properties
      if (name === 'cacheNew' && junk === 'junk') continue; // a directory and a name
      expect(() => call(...Array(8).fill(junk)), String(junk)).toThrow(isInit ? Error : TypeError);
    }
    expect(() => call()).toThrow(isInit ? Error : TypeError);
  });

  it('are options of the wrong type', () => {
    for (const record of [
      { engine: 'compiler' },
      { engine: -1 },
      { engine: 2 ** 32 },
      { coreFeatures: 1 },
      { coreFeatures: 1n << 64n },
      { customSections: 1 },
    ]) {
      expect(() => own.runtimeNew(record as never), String(Object.entries(record))).toThrow(TypeError);
    }
    for (const record of [
      { name: 1 },
      { args: 'one' },
      { args: [1] },
      { stdinBytes: new Uint8Array(new SharedArrayBuffer(1)) },
      { mounts: [null] },
      { mounts: [{ hostDir: 1 }] },
      { imports: {} },
    ]) {
      expect(() => own.instantiate(1, 0, 0, 0, 1, 1, record as never, false), String(Object.entries(record))).toThrow(
        TypeError,
      );
    }
  });

  it('are arrays that another thread can change, or of another type', () => {
    const shared = new SharedArrayBuffer(16);
    for (const bytes of [
      new Uint8Array(shared),
      new Int8Array(8),
      new DataView(new ArrayBuffer(8)),
      new ArrayBuffer(8),
    ]) {
      expect(() => own.compileSync(1, bytes as never, 1, 0)).toThrow(TypeError);
      expect(() => own.memoryWrite(1, 0, bytes as never)).toThrow(TypeError);
    }
    for (const words of [new BigUint64Array(shared), new BigInt64Array(1), new Float64Array(1)]) {
      expect(() => own.call(1, 0, 0, 0, 1, words as never)).toThrow(TypeError);
    }
  });
});
