import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, constants as os, totalmem } from 'node:os';
import { ExitError, Runtime, RuntimeConfig } from '../index.js';
import { type BuildInfo, GUARD } from '../native/binding.js';
import { native } from '../native/native.js';
import { processReport } from '../native/process-report.js';
import { packageVersion } from '../package-version.js';
import { defaultLimits } from '../values/limits.js';
import { command, helpFlags, messageOf, output } from './command.js';
import type { Flags, FlagValues } from './flags.js';

const flags = {
  ...helpFlags,
  json: { kind: 'bool', help: 'Prints it as JSON.' },
  v: { kind: 'bool', help: 'Says more: what of wazero was edited, and which signals somebody has asked for.' },
} as const satisfies Flags;
/** (module (func (export "add") ...i32.add) (func (export "spin") (loop br 0))) */
const guest = Buffer.from('AGFzbQEAAAABCgJgAn9/AX9gAAADAwIAAQcOAgNhZGQAAARzcGluAAEKEQIHACAAIAFqCwcAA0AMAAsL', 'base64');

/** What the code that the compiler writes can make use of, by the names of /proc/cpuinfo. */
const useful: Partial<Record<NodeJS.Architecture, readonly string[]>> = {
  x64: ['pni', 'ssse3', 'sse4_1', 'sse4_2', 'popcnt', 'abm', 'bmi1', 'bmi2'],
  arm64: ['asimd', 'atomics'],
};

/** Why accesses of guests beyond their memory are found by comparing. */
const comparing = (): Record<number, string> => ({
  [GUARD.off]: 'WAZERO_NODE_GUARD_PAGES=0',
  [GUARD.platform]: 'there are guard pages on Linux on x64 and arm64 only',
  [GUARD.limited]: 'address space is limited (ulimit -v, -d, or vm.overcommit_memory=2)',
  [GUARD.system]: 'this system (a sandbox?) does not report faults as Linux does',
  [GUARD.handler]: 'somebody has set a handler of SIGSEGV after this package was loaded',
  [GUARD.blocked]: 'SIGSEGV is blocked on this thread',
  [GUARD.usedUp]: 'all ranges are taken',
});
function guardPages(state: number): string {
  return state === GUARD.on ? 'yes, for 8,192 guests at once' : `no, addresses are compared: ${comparing()[state]}`;
}

interface Finding {
  readonly name: string;
  readonly text: string;
  /** Absent: it only says how things are. */
  readonly ok?: boolean;
  /** Only where more was asked for, or wrong. */
  readonly more?: boolean;
}

function fileOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not Linux, or no /proc
  }
}

const mebibytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;

/** Which signals a mask of /proc/self/status names. */
function signalsIn(status: string, field: string): string {
  const [, hex = '0'] = new RegExp(`^${field}:\\s*([0-9a-f]+)`, 'm').exec(status) ?? [];
  const mask = BigInt(`0x${hex}`);
  const names = Object.entries(os.signals).filter(([, number]) => (mask >> BigInt(number - 1)) & 1n);
  return [...new Map(names.map(([name, number]) => [number, name])).values()].join(' ') || 'none';
}

function surroundings(): Finding[] {
  const { header } = processReport();
  const cpu = fileOf('/proc/cpuinfo');
  const wanted = useful[process.arch] ?? [];
  const has = new Set((/^(?:flags|Features)\s*:(.*)$/m.exec(cpu)?.[1] ?? '').split(' '));
  const limit = /^Max address space\s+(\S+)/m.exec(fileOf('/proc/self/limits'))?.[1] ?? 'unlimited';
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return [
    { name: 'node-wazero', text: packageVersion() },
    { name: 'node', text: `${process.version}, Node-API ${process.versions.napi}` },
    { name: 'platform', text: `${process.platform}-${process.arch}` },
    {
      name: 'libc',
      text:
        process.platform !== 'linux'
          ? 'of the system'
          : header.glibcVersionRuntime
            ? `glibc ${header.glibcVersionRuntime}`
            : 'musl',
      ok: true,
    },
    {
      name: 'cpu',
      text: `${cpus()[0]?.model.trim() ?? 'unknown'}: ${availableParallelism()} guests run at once, more take turns`,
    },
    ...(cpu === '' ? [] : [{ name: 'cpu features', text: wanted.filter((name) => has.has(name)).join(' ') }]),
    {
      name: 'memory',
      text: `${mebibytes(memory)}${constrained === memory ? ' for this control group' : ''}: the guests of a runtime may have ${mebibytes(Math.min(memory / 2, defaultLimits.totalMemoryBytes))} together (totalMemoryBytes)`,
    },
    {
      name: 'address space',
      text:
        limit === 'unlimited'
          ? 'unlimited'
          : `${limit} bytes (ulimit -v): each guest takes what its memory may grow to`,
    },
  ];
}

function ours(): Finding[] {
  const addon = native();
  const { wazero, go, engine, edits } = JSON.parse(addon.buildInfo()) as BuildInfo;
  const path = processReport().sharedObjects.find((object) => object.endsWith('.node') && object.includes('wazero'));
  const late = addon.signalsOnStack();
  const status = fileOf('/proc/self/status');
  return [
    { name: 'binary', text: path ?? 'loaded', ok: true },
    { name: 'wazero', text: `${wazero}, ${engine}, ${go}` },
    { name: 'guard pages', text: guardPages(addon.guardPages(0)) },
    { name: 'edits', text: edits.join(' ') || 'none', more: true },
    ...(status === ''
      ? []
      : [
          { name: 'signals caught', text: signalsIn(status, 'SigCgt'), more: true },
          { name: 'signals ignored', text: signalsIn(status, 'SigIgn'), more: true },
          { name: 'signals blocked', text: signalsIn(status, 'SigBlk'), more: true },
        ]),
    {
      name: 'signal handlers',
      text: late === 0 ? 'all on a stack of their own' : `${late} had no stack of their own: mended now`,
      ok: late === 0,
    },
  ];
}

async function check(name: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { name, text: await work(), ok: true };
  } catch (error) {
    return { name, text: messageOf(error), ok: false };
  }
}

/** A guest is compiled, called, and stopped. */
async function runs(config: RuntimeConfig): Promise<string> {
  await using runtime = new Runtime(config.withCloseOnContextDone(true));
  const module = await runtime.instantiate(guest);
  const sum = await module.exportedFunction('add', ['i32', 'i32'], ['i32']).call(40, 2);
  if (sum !== 42) throw new Error(`40 + 2 gave ${sum}`);
  const spin = module.exportedFunction('spin', [], []);
  for (let timeoutMs = 50; ; timeoutMs *= 2) {
    const began = performance.now();
    try {
      await spin.withOptions({ timeoutMs }).call();
    } catch (error) {
      const took = Math.round(performance.now() - began);
      if (error instanceof ExitError && error.reason === 'timeout')
        return `${runtime.engine} works, an endless loop with ${timeoutMs} ms ended after ${took} ms`;
      // On a busy machine the time may be over before the guest has begun.
      if ((error as Error).name !== 'TimeoutError' || timeoutMs > 2_000) throw error;
    }
  }
}

async function examine(): Promise<Finding[]> {
  const findings = surroundings();
  try {
    findings.push(...ours());
  } catch (error) {
    return [...findings, { name: 'binary', text: messageOf(error), ok: false }];
  }
  findings.push(await check('default engine', () => runs(new RuntimeConfig())));
  findings.push(await check('interpreter', () => runs(RuntimeConfig.interpreter())));
  return findings;
}

async function diagnose(values: FlagValues<typeof flags>): Promise<number> {
  const findings = await examine();
  const mark = ({ ok }: Finding) => (ok === undefined ? '  ' : ok ? 'ok' : '!!');
  if (values.json)
    output(JSON.stringify(Object.fromEntries(findings.map(({ name, more: _, ...rest }) => [name, rest]))));
  else
    output(
      findings
        .filter(({ more }) => values.v || !more)
        .map((finding) => `${mark(finding)} ${finding.name}: ${finding.text}`)
        .join('\n'),
    );
  return findings.some(({ ok }) => ok === false) ? 1 : 0;
}

export const doctor = command({
  name: 'doctor',
  summary: 'Says what node-wazero finds on this machine, and whether it works',
  line: '<options>',
  flags,
  run: diagnose,
});
