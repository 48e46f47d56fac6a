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

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** `callbacks` gets what the config calls back; `starts` are those of its start functions that there are. What is a default, or the runtime's limit, is left out. */
export function moduleRecord(
  fields: ModuleFields,
  runtimeLimits: Limits,
  imports: readonly ImportRecord[],
  callbacks: Callbacks,
  starts = fields.startFunctions,
): Writable<ModuleRecord> {
  const record: Writable<ModuleRecord> = { hasStartFunctions: starts !== undefined, imports };
  const { memoryPages, tableElements, callStackBytes, openFiles } = fields.limits;
  const limit = (name: keyof Limits) => moduleLimit(runtimeLimits, fields.limits, name);
  if (memoryPages !== undefined) record.limitMemoryPages = limit('memoryPages');
  if (tableElements !== undefined) record.limitTableElements = limit('tableElements');
  if (callStackBytes !== undefined) record.limitCallStackBytes = BigInt(limit('callStackBytes'));
  if (openFiles !== undefined) record.limitOpenFiles = limit('openFiles');
  if (fields.name !== undefined) {
    record.hasName = true;
    record.name = fields.name;
  }
  if (fields.args.length > 0) record.args = fields.args;
  if (fields.env.size > 0) record.env = [...fields.env].flat();
  if (starts !== undefined && starts.length > 0) record.startFunctions = starts;
  if (fields.tenant) record.tenant = fields.tenant.handle;
  if (fields.mounts.length > 0) record.mounts = mountRecords(fields.mounts, callbacks);
  if (fields.listeners.length > 0)
    record.tcpListeners = fields.listeners.flatMap(({ host, port }) => [host, String(port)]);
  streams(record, fields, callbacks, runtimeLimits);
  clocks(record, fields, callbacks);
  if (fields.rand !== undefined) Object.assign(record, random(fields.rand, callbacks));
  return record;
}

function streams(
  record: Writable<ModuleRecord>,
  fields: ModuleFields,
  callbacks: Callbacks,
  runtimeLimits: Limits,
): void {
  const pending = moduleLimit(runtimeLimits, fields.limits, 'pendingOutputBytes');
  if (fields.stdin !== undefined) {
    const { kind, fd = 0, bytes, target = 0 } = sourceRecord(fields.stdin, callbacks);
    record.stdinKind = kind;
    record.stdinFd = fd;
    if (bytes) record.stdinBytes = bytes;
    record.stdinTarget = target;
  }
  if (fields.stdout !== undefined) {
    const { kind, fd = 0, target = 0 } = sinkRecord(fields.stdout, 1, callbacks, pending);
    record.stdoutKind = kind;
    record.stdoutFd = fd;
    record.stdoutTarget = target;
  }
  if (fields.stderr !== undefined) {
    const { kind, fd = 0, target = 0 } = sinkRecord(fields.stderr, 2, callbacks, pending);
    record.stderrKind = kind;
    record.stderrFd = fd;
    record.stderrTarget = target;
  }
}

function clocks(
  record: Writable<ModuleRecord>,
  { walltime, nanotime, nanosleep, osyield }: ModuleFields,
  callbacks: Callbacks,
): void {
  if (walltime !== undefined) {
    const { kind, target, resolution } = clock(walltime, 'the walltime clock', callbacks);
    record.walltimeKind = kind;
    record.walltimeTarget = target;
    record.walltimeResolution = resolution;
  }
  if (nanotime !== undefined) {
    const { kind, target, resolution } = clock(nanotime, 'the nanotime clock', callbacks);
    record.nanotimeKind = kind;
    record.nanotimeTarget = target;
    record.nanotimeResolution = resolution;
  }
  if (nanosleep !== undefined) {
    record.nanosleepKind = nanosleep === 'system' ? CLOCK.system : CLOCK.callback;
    if (nanosleep !== 'system') record.nanosleepTarget = callbacks.add(({ words }) => nanosleep(words[0] as bigint));
  }
  if (osyield !== undefined) record.osyieldTarget = callbacks.add(() => void osyield());
}

function clock(fields: ClockFields, name: string, callbacks: Callbacks) {
  if (fields.system) return { kind: CLOCK.system, target: 0, resolution: 0 };
  const { read, resolutionNs } = fields;
  const answer: Callback = ({ words }) => {
    const ns: unknown = read();
    if (typeof ns !== 'bigint') throw wrongType('a bigint', `the answer of ${name}`, ns);
    words[0] = BigInt.asUintN(64, ns);
  };
  return { kind: CLOCK.callback, target: callbacks.add(answer), resolution: resolutionNs };
}

function random(source: RandSource, callbacks: Callbacks): ModuleRecord {
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
