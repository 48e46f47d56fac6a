/** Every option of ModuleConfig, drawn together with what it means, and what Go decoded in the same words. */
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { Callbacks, CLOCK, FS, fieldsOf, MOUNT, RAND } from '../../dist/internal.js';
import { bytes, fd, limitsOf, mergeLimits, moduleLimits, optionsOf, text, u32 } from './config-options.js';
import { FSConfig, type Limits, type ModuleConfig, OutputBuffer, SockConfig, Tenant } from './package.js';

/** Every callback that is drawn says its number when it is asked, so that what came back is known to be the same one. */
let asked: number[] = [];
let last = 0;
const numbered = <T>(make: (say: () => void) => T) =>
  fc.constant(undefined).map(() => {
    const number = ++last;
    return { number, value: make(() => void asked.push(number)) };
  });
type Numbered<T> = { number: number; value: T };

export interface ModuleModel {
  name: string | null;
  args: string[];
  env: Map<string, string>;
  startFunctions: string[] | null;
  stdin: object;
  stdout: object;
  stderr: object;
  walltime: object;
  nanotime: object;
  nanosleep: object;
  osyield: number | 'none';
  rand: object;
  mounts: object[];
  tcpListeners: string[];
  limits: Limits;
  tenant: string;
}
export const fake = { kind: 'fake' };
export const none = { kind: 'none' };

export const module = optionsOf<ModuleConfig, ModuleModel>();
module.add(
  'withName',
  text,
  (c, name) => c.withName(name),
  (m, name) => {
    m.name = name;
  },
);
const texts = fc.array(text, { maxLength: 4 });
module.add(
  'withArgs',
  texts,
  (c, args) => c.withArgs(...args),
  (m, args) => {
    m.args = args;
  },
);
module.add(
  'withStartFunctions',
  texts,
  (c, names) => c.withStartFunctions(...names),
  (m, names) => {
    m.startFunctions = names;
  },
);
module.add(
  'withEnv',
  fc.tuple(fc.oneof(fc.constantFrom('A', 'B', 'C'), text), text),
  (c, [key, value]) => c.withEnv(key, value),
  (m, [key, value]) => void m.env.set(key, value),
);
const buffers = [new OutputBuffer(), new OutputBuffer({ maxBytes: 3 })];
const callback = numbered((say) => say).map(({ number, value }) => ({ value, means: { kind: 'callback', number } }));
const sinks = fc.oneof(
  fc.constantFrom(undefined, 'ignore' as const).map((value) => ({ value, means: none })),
  fc.constant({ value: 'inherit' as const, means: { kind: 'inherit' } }),
  fd.map((value) => ({ value, means: { kind: 'fd', fd: String(value) } })),
  fc.nat(1).map((i) => ({
    value: buffers[i]!,
    means: { kind: 'buffer', handle: String(fieldsOf.outputBuffer(buffers[i]!)!.handle) },
  })),
  callback,
  numbered(
    (say) =>
      new Writable({
        write: (_chunk, _encoding, done) => {
          say();
          done();
        },
      }),
  ).map(({ number, value }) => ({ value, means: { kind: 'callback', number } })),
);
const sinkMeans = (means: object, own: number) =>
  'kind' in means && means.kind === 'inherit' ? { kind: 'fd', fd: String(own) } : means;
module.add(
  'withStdout',
  sinks,
  (c, { value }) => c.withStdout(value),
  (m, { means }) => {
    m.stdout = sinkMeans(means, 1);
  },
);
module.add(
  'withStderr',
  sinks,
  (c, { value }) => c.withStderr(value),
  (m, { means }) => {
    m.stderr = sinkMeans(means, 2);
  },
);
const sources = fc.oneof(
  fc.constantFrom(undefined, 'ignore' as const).map((value) => ({ value, means: none })),
  fc.constant({ value: 'inherit' as const, means: { kind: 'fd', fd: '0' } }),
  fd.map((value) => ({ value, means: { kind: 'fd', fd: String(value) } })),
  bytes.map((value) => ({ value, means: { kind: 'bytes', bytes: [...value].map(String) } })),
  numbered((say) => () => {
    say();
    return 0;
  }).map(({ number, value }) => ({ value, means: { kind: 'callback', number } })),
);
module.add(
  'withStdin',
  sources,
  (c, { value }) => c.withStdin(value),
  (m, { means }) => {
    m.stdin = means;
  },
);
const clock = numbered((say) => () => {
  say();
  return 0n;
});
for (const kind of ['Walltime', 'Nanotime'] as const) {
  const field = kind === 'Walltime' ? 'walltime' : 'nanotime';
  module.add(
    `with${kind}`,
    fc.tuple(fc.option(clock, { nil: undefined, freq: 3 }), u32),
    (c, [drawn, resolution]) => c[`with${kind}`](drawn?.value, resolution),
    (m, [drawn, resolution]) => {
      m[field] = drawn ? { kind: 'callback', number: drawn.number, resolution: String(resolution) } : fake;
    },
  );
  module.add(
    `withSys${kind}`,
    fc.constant(undefined),
    (c) => c[`withSys${kind}`](),
    (m) => {
      m[field] = { kind: 'system' };
    },
  );
}
const sleep = fc.option(
  numbered((say) => say),
  { nil: undefined, freq: 3 },
);
module.add(
  'withNanosleep',
  sleep,
  (c, drawn) => c.withNanosleep(drawn?.value),
  (m, drawn) => {
    m.nanosleep = drawn ? { kind: 'callback', number: drawn.number } : fake;
  },
);
module.add(
  'withSysNanosleep',
  fc.constant(undefined),
  (c) => c.withSysNanosleep(),
  (m) => {
    m.nanosleep = { kind: 'system' };
  },
);
module.add(
  'withOsyield',
  sleep,
  (c, drawn) => c.withOsyield(drawn?.value),
  (m, drawn) => {
    m.osyield = drawn?.number ?? 'none';
  },
);
const random = fc.oneof(
  fc.constant({ value: undefined, means: none }),
  fc.constant({ value: 'secure' as const, means: { kind: 'secure' } }),
  bytes.map((value) => ({ value, means: { kind: 'bytes', bytes: [...value].map(String) } })),
  callback,
);
module.add(
  'withRandSource',
  random,
  (c, { value }) => c.withRandSource(value),
  (m, { means }) => {
    m.rand = means;
  },
);
module.add(
  'withSystem',
  fc.constant(undefined),
  (c) => c.withSystem(),
  (m) => {
    m.walltime = m.nanotime = m.nanosleep = { kind: 'system' };
    m.rand = { kind: 'secure' };
  },
);
module.add(
  'withLimits',
  limitsOf(moduleLimits),
  (c, limits) => c.withLimits(limits),
  (m, limits) => mergeLimits(m.limits, limits),
);
const tenant = fc.option(
  fc.constant(undefined).map(() => new Tenant('drawn')),
  { nil: undefined },
);
module.add(
  'withTenant',
  tenant,
  (c, drawn) => c.withTenant(drawn),
  (m, drawn) => {
    m.tenant = String(drawn ? fieldsOf.tenant(drawn)!.handle : 0);
  },
);
const listeners = fc.array(fc.tuple(text, fc.integer({ min: 0, max: 65535 })), { maxLength: 3 });
module.add(
  'withSockConfig',
  fc.option(listeners, { nil: undefined }),
  (c, list) => c.withSockConfig(list?.reduce((s, [host, port]) => s.withTCPListener(host, port), new SockConfig())),
  (m, list) => {
    m.tcpListeners = (list ?? []).flatMap(([host, port]) => [host, String(port)]);
  },
);
const fileSystem = numbered((say) => ({
  openSync: () => 0,
  lstatSync: () => {
    say();
    throw Object.assign(new Error(), { code: 'ENOENT' });
  },
})) as unknown as fc.Arbitrary<Numbered<never>>;
const mounts = fc.array(
  fc.tuple(
    fc.constantFrom('withDirMount', 'withReadOnlyDirMount', 'withFSMount', 'withSysFSMount'),
    text,
    text,
    fileSystem,
  ),
  { maxLength: 4 },
);
type Mounts = typeof mounts extends fc.Arbitrary<infer T> ? T : never;
const meansMount = ([method, hostDir, guestPath, { number }]: Mounts[number]) =>
  method === 'withDirMount' || method === 'withReadOnlyDirMount'
    ? { method, hostDir, guestPath }
    : { method, number, guestPath };
module.add(
  'withFSConfig',
  fc.option(mounts, { nil: undefined }),
  (c, list) =>
    c.withFSConfig(
      list?.reduce(
        (config, [method, hostDir, guestPath, { value }]) =>
          method === 'withDirMount' || method === 'withReadOnlyDirMount'
            ? config[method](hostDir, guestPath)
            : config[method](value, guestPath),
        new FSConfig(),
      ),
    ),
  (m, list) => {
    m.mounts = (list ?? []).map(meansMount);
  },
);
module.add(
  'withFS',
  fc.option(fileSystem, { nil: undefined }),
  (c, drawn) => c.withFS(drawn?.value),
  (m, drawn) => {
    m.mounts = drawn ? [{ method: 'withFSMount', number: drawn.number, guestPath: '/' }] : [];
  },
);

/** What Go decoded, in the words of the model; callbacks are asked for their numbers. */
export class Decoded {
  readonly callbacks = new Callbacks();
  #number(target: string, words: bigint[] = [], bytes = ''): number {
    const callback = this.callbacks.byId.get(Number(target));
    asked = [];
    void callback?.({
      words: new BigUint64Array(10).map((_, i) => words[i] ?? 0n),
      bytes: new Uint8Array(Buffer.from(bytes)),
      sync: true,
    });
    return asked[0]!;
  }
  stream(kinds: Record<string, number>, { kind, fd, bytes, target }: Stream): object {
    switch (Number(kind)) {
      case kinds.fd:
        return { kind: 'fd', fd };
      case kinds.bytes:
        return { kind: 'bytes', bytes };
      case kinds.buffer:
        return { kind: 'buffer', handle: target };
      case kinds.callback:
        return { kind: 'callback', number: this.#number(target) };
      default:
        return none;
    }
  }
  clock(
    { kind, target, resolution }: { kind: string; target: string; resolution: string },
    withResolution = true,
  ): object {
    if (Number(kind) === CLOCK.callback)
      return { kind: 'callback', number: this.#number(target), ...(withResolution && { resolution }) };
    return Number(kind) === CLOCK.system ? { kind: 'system' } : fake;
  }
  osyield = (target: string) => (target === '0' ? 'none' : this.#number(target));
  random({ randKind, randBytes, randTarget }: Record<string, string>): object {
    switch (Number(randKind)) {
      case RAND.secure:
        return { kind: 'secure' };
      case RAND.bytes:
        return { kind: 'bytes', bytes: randBytes };
      case RAND.callback:
        return { kind: 'callback', number: this.#number(randTarget!) };
      default:
        return none;
    }
  }
  mount({ kind, hostDir, guestPath, target }: Record<string, string>): object {
    const methods: Record<number, string> = {
      [MOUNT.dir]: 'withDirMount',
      [MOUNT.readOnlyDir]: 'withReadOnlyDirMount',
    };
    const method = methods[Number(kind)];
    if (method) return { method, hostDir, guestPath };
    return {
      method: Number(kind) === MOUNT.fs ? 'withFSMount' : 'withSysFSMount',
      number: this.#number(target!, [BigInt(FS.lstat), 2n], '/x'),
      guestPath,
    };
  }
}
interface Stream {
  kind: string;
  fd: string;
  bytes: string[];
  target: string;
}
