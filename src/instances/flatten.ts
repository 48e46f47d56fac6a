import { type Callback, type Callbacks, isPromiseLike } from '../io/callbacks.js';
import type { ClockFields, ModuleFields, Mount as MountFields, RandSource, RuntimeFields } from '../io/fields.js';
import { Mount } from '../io/mount.js';
import { answerCount, sourceRecord } from '../io/source.js';
import { sinkRecord } from '../io/stdio.js';
import {
  CLOCK,
  GUARD_PAGES,
  type ImportRecord,
  MOUNT,
  type ModuleRecord,
  type MountRecord,
  RAND,
  type RuntimeRecord,
} from '../native/binding.js';
import { moduleLimit, runtimeLimit } from '../values/limits.js';
import type { Limits } from '../values/types.js';
import { wrongType } from '../values/validate.js';

// The configs as the flat records of binding.ts: one property per row of native/abi/config_fields.def.

export function runtimeRecord(fields: RuntimeFields): RuntimeRecord {
  const { limits } = fields;
  return {
    engine: fields.engine,
    hasCoreFeatures: fields.coreFeatures !== undefined,
    coreFeatures: fields.coreFeatures ?? 0n,
    hasMemoryLimitPages: fields.memoryLimitPages !== undefined,
    memoryLimitPages: fields.memoryLimitPages ?? 0,
    memoryCapacityFromMax: fields.memoryCapacityFromMax,
    debugInfoDisabled: !fields.debugInfoEnabled,
    compilationCache: fields.compilationCache?.handle ?? 0,
    customSections: fields.customSections,
    closeOnContextDone: fields.closeOnContextDone,
    limitTotalMemoryBytes: BigInt(runtimeLimit(limits, 'totalMemoryBytes')),
    limitModuleBytes: BigInt(runtimeLimit(limits, 'moduleBytes')),
    limitConcurrentCompiles: runtimeLimit(limits, 'concurrentCompiles'),
    limitMemoryPages: runtimeLimit(limits, 'memoryPages'),
    limitTableElements: runtimeLimit(limits, 'tableElements'),
    limitCallStackBytes: BigInt(runtimeLimit(limits, 'callStackBytes')),
    limitOpenFiles: runtimeLimit(limits, 'openFiles'),
    totalMemoryByDefault: limits.totalMemoryBytes === undefined,
    fuel: fields.fuel,
    guardPages: { auto: GUARD_PAGES.auto, true: GUARD_PAGES.always, false: GUARD_PAGES.never }[`${fields.guardPages}`],
  };
}

/** `callbacks` gets what the config calls back; `starts` are those of its start functions that there are. */
export function moduleRecord(
  fields: ModuleFields,
  runtimeLimits: Limits,
  imports: readonly ImportRecord[],
  callbacks: Callbacks,
  starts = fields.startFunctions,
): ModuleRecord {
  const limit = (name: keyof Limits) => moduleLimit(runtimeLimits, fields.limits, name);
  const pending = limit('pendingOutputBytes');
  const stdin = sourceRecord(fields.stdin, callbacks);
  const stdout = sinkRecord(fields.stdout, 1, callbacks, pending);
  const stderr = sinkRecord(fields.stderr, 2, callbacks, pending);
  return {
    hasName: fields.name !== undefined,
    name: fields.name ?? '',
    args: fields.args,
    env: [...fields.env].flat(),
    hasStartFunctions: starts !== undefined,
    startFunctions: starts ?? [],
    stdinKind: stdin.kind,
    stdinFd: stdin.fd ?? 0,
    ...(stdin.bytes && { stdinBytes: stdin.bytes }),
    stdinTarget: stdin.target ?? 0,
    stdoutKind: stdout.kind,
    stdoutFd: stdout.fd ?? 0,
    stdoutTarget: stdout.target ?? 0,
    stderrKind: stderr.kind,
    stderrFd: stderr.fd ?? 0,
    stderrTarget: stderr.target ?? 0,
    ...clocks(fields, callbacks),
    ...random(fields.rand, callbacks),
    mounts: mountRecords(fields.mounts, callbacks),
    tcpListeners: fields.listeners.flatMap(({ host, port }) => [host, String(port)]),
    limitMemoryPages: limit('memoryPages'),
    limitTableElements: limit('tableElements'),
    limitCallStackBytes: BigInt(limit('callStackBytes')),
    limitOpenFiles: limit('openFiles'),
    tenant: fields.tenant?.handle ?? 0,
    imports,
  };
}

function clocks({ walltime, nanotime, nanosleep, osyield }: ModuleFields, callbacks: Callbacks): ModuleRecord {
  const wall = clock(walltime, 'the walltime clock', callbacks);
  const nano = clock(nanotime, 'the nanotime clock', callbacks);
  return {
    walltimeKind: wall.kind,
    walltimeTarget: wall.target,
    walltimeResolution: wall.resolution,
    nanotimeKind: nano.kind,
    nanotimeTarget: nano.target,
    nanotimeResolution: nano.resolution,
    nanosleepKind: nanosleep === undefined ? CLOCK.fake : nanosleep === 'system' ? CLOCK.system : CLOCK.callback,
    nanosleepTarget: typeof nanosleep === 'function' ? callbacks.add(({ words }) => nanosleep(words[0] as bigint)) : 0,
    osyieldTarget: osyield === undefined ? 0 : callbacks.add(() => void osyield()),
  };
}

function clock(fields: ClockFields | undefined, name: string, callbacks: Callbacks) {
  if (fields === undefined) return { kind: CLOCK.fake, target: 0, resolution: 0 };
  if (fields.system) return { kind: CLOCK.system, target: 0, resolution: 0 };
  const { read, resolutionNs } = fields;
  const answer: Callback = ({ words }) => {
    const ns: unknown = read();
    if (typeof ns !== 'bigint') throw wrongType('a bigint', `the answer of ${name}`, ns);
    words[0] = BigInt.asUintN(64, ns);
  };
  return { kind: CLOCK.callback, target: callbacks.add(answer), resolution: resolutionNs };
}

function random(source: RandSource | undefined, callbacks: Callbacks): ModuleRecord {
  if (source === undefined) return { randKind: RAND.deterministic };
  if (source === 'secure') return { randKind: RAND.secure };
  if (typeof source !== 'function') return { randKind: RAND.bytes, randBytes: source };
  const fill = (buffer: Uint8Array): number | PromiseLike<number> => {
    const answer = source(buffer);
    return isPromiseLike(answer) ? answer.then(() => buffer.byteLength) : buffer.byteLength;
  };
  return { randKind: RAND.callback, randTarget: callbacks.add(answerCount(fill, 'the random source')) };
}

/** Two mounts of one file system have one target, so that native code knows that a guest may rename from one to the other. */
function mountRecords(mounts: readonly MountFields[], callbacks: Callbacks): MountRecord[] {
  const targets = { fs: new Map<object, number>(), sysFs: new Map<object, number>() };
  return mounts.map((mount) => {
    const { guestPath } = mount;
    switch (mount.kind) {
      case 'dir':
        return { kind: MOUNT.dir, hostDir: mount.hostDir, guestPath };
      case 'readOnlyDir':
        return { kind: MOUNT.readOnlyDir, hostDir: mount.hostDir, guestPath };
      default: {
        const known = targets[mount.kind];
        const target = known.get(mount.fs) ?? addMount(mount, callbacks);
        known.set(mount.fs, target);
        return { kind: MOUNT[mount.kind], target, guestPath };
      }
    }
  });
}

function addMount(mount: Extract<MountFields, { readonly fs: unknown }>, callbacks: Callbacks): number {
  return callbacks.addMount(() => {
    const mounted = new Mount(mount);
    mounted.id = callbacks.add(mounted.answer);
    return mounted.id;
  });
}
