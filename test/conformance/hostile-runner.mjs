import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import {
  CoreFeatures,
  ExitError,
  isWazeroError,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../../dist/index.js';
import { runFileCases } from './hostile-files.mjs';
import { vectors } from './vectors.mjs';
import { Watch } from './watch.mjs';

const { V2, Threads, TailCall, ExtendedConst, ExceptionHandling, TypedFunctionReferences } = CoreFeatures;
const all = V2 | Threads | TailCall | ExtendedConst | ExceptionHandling | TypedFunctionReferences;
/** of cases that are to end by it, of those that are to end by themselves */
const deadlineMs = 400;
const longMs = 10_000;
const late = 'too late: ';
const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

/**
 * Runs every case of the folder, one after another in this process, while a guest is called all the time, a timer of 10 ms is watched and
 * Go's collector runs. Answers { total, met, failures: { name: problem }, and what Watch saw }.
 */
export async function runHostile({ engine = 'compiler', from, only } = {}) {
  const folder = vectors('hostile', from);
  const config = (engine === 'compiler' ? RuntimeConfig.compiler() : RuntimeConfig.interpreter())
    .withCoreFeatures(all)
    .withCloseOnContextDone(true);
  const cases = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  const watch = await Watch.start(config);
  const failures = {};
  const rows = [];
  for (const one of cases) {
    if (only && !one.name.includes(only)) continue;
    const binary = await readFile(join(folder, one.file));
    let { problem, ...row } = await runCase({ one, binary, config, watch });
    // Where others keep the machine busy a time may be theirs; what a guest can do, it can do three times.
    for (let again = 0; again < 2 && problem?.startsWith(late); again++)
      ({ problem, ...row } = await runCase({ one, binary, config, watch }));
    rows.push({ name: one.name, ...row });
    if (problem) failures[one.name] = problem;
  }
  const files = await runFileCases({ folder, config, only });
  Object.assign(failures, files.failures);
  await watch.stop();
  const total = rows.length + files.total;
  return {
    total,
    met: total - Object.keys(failures).length,
    failures,
    rows,
    beats: watch.beats,
    longestBeatMs: watch.longestBeatMs,
    longestTimerMs: watch.longestTimerMs,
    longestHeldMs: watch.longestHeldMs,
    collections: watch.collections,
    longestCollectionMs: watch.longestCollectionMs,
  };
}

async function runCase({ one, binary, config, watch }) {
  const { expect, maxRssMB } = one;
  const beats = watch.beats;
  watch.reset();
  const rssBefore = watch.rssMiB;
  const started = performance.now();
  const { outcome, error } = await attempt(one, binary, config);
  const ms = performance.now() - started;
  await new Promise((resolve) => setTimeout(resolve, 25)); // the timer's turn
  const { heldMs, beatMs } = watch;
  const grown = watch.rssMiB - rssBefore;
  const row = {
    outcome,
    ms: Math.round(ms),
    heldMs: Math.round(heldMs),
    beatMs: Math.round(beatMs),
    rssMiB: Math.round(grown),
  };
  const rules = expect.split('-or-');
  // A guest that has a third of a processor takes three times as long for the instruction in which its deadline finds it.
  const busy = Math.max(1, loadavg()[0] / availableParallelism());
  const timed = rules.includes('timeout') || rules.includes('bounded');
  const [wantMs, wantMiB] = rules.includes('reject') ? [1_000, 64] : [timed ? deadlineMs + 1_000 : longMs, 1_024];
  const fresh = await freshInstance(config);
  const problem =
    (error && !isWazeroError(error) && `threw ${error.stack ?? error}`) ||
    (!rules.some((rule) => isMet(rule, one, outcome, error)) && `expected ${expect} but it was: ${outcome}`) ||
    (ms > wantMs * busy && `${late}took ${row.ms} ms`) ||
    (grown > (maxRssMB ?? wantMiB) && `took ${row.rssMiB} MiB`) ||
    (heldMs > 50 && `${late}held the event loop for ${row.heldMs} ms`) ||
    (watch.beats === beats && ms > 50 && `${late}no call of another guest was answered within ${row.ms} ms`) ||
    (fresh && `afterwards a fresh instance fails: ${fresh}`);
  return { problem: problem || undefined, ...row };
}

async function attempt({ stage, limits, wasi: usesWasi, expect }, binary, config) {
  const runtime = new Runtime(withLimits(config, limits));
  try {
    if (usesWasi) await wasi.instantiate(runtime);
    const options = { timeoutMs: /timeout|bounded/.test(expect) ? deadlineMs : longMs };
    const compiled = await runtime.compileModule(binary, options);
    if (stage === 'compile') return { outcome: 'compiled' };
    const instance = await runtime.instantiateModule(compiled, slow(), options);
    if (stage === 'instantiate') return { outcome: 'instantiated' };
    const result = await instance.exportedFunction('f').withOptions(options).call();
    return { outcome: `returned ${result}`, result };
  } catch (error) {
    return {
      outcome: `${error.code} ${error.reason ?? error.kind ?? error.limit ?? ''}: ${String(error.message).split('\n')[0]}`,
      error,
    };
  } finally {
    await runtime.close();
  }
}

/** A guest with real time, and somebody who reads what it writes. */
const slow = () =>
  new ModuleConfig()
    .withName('')
    .withStdout(() => new Promise(setImmediate))
    .withSysWalltime()
    .withSysNanotime()
    .withSysNanosleep();

function withLimits(config, { memoryLimitPages, ...limits } = {}) {
  return (memoryLimitPages === undefined ? config : config.withMemoryLimitPages(memoryLimitPages)).withLimits(limits);
}

function isMet(rule, { result }, outcome, error) {
  const [kind, detail] = rule.split(':');
  switch (kind) {
    case 'ok':
      return error === undefined && (result === undefined || outcome === `returned ${result}`);
    case 'reject':
      return error?.code === 'ERR_WAZERO_COMPILE' || error?.code === 'ERR_WAZERO_LIMIT';
    case 'bounded': // compiled, cancelled or refused
      return (
        error === undefined ||
        isMet('reject', {}, outcome, error) ||
        (error.code === 'ERR_WAZERO_ABORTED' && error.name === 'TimeoutError')
      );
    case 'limit':
      return error?.code === 'ERR_WAZERO_LIMIT' || outcome === 'returned -1';
    case 'timeout':
      return error instanceof ExitError && error.reason === 'timeout' && error.name === 'TimeoutError';
    case 'trap':
      return error?.code === 'ERR_WAZERO_TRAP' && error.kind === detail.replaceAll('-', ' ');
    case 'exit':
      return error instanceof ExitError && error.reason === 'exit' && error.exitCode === Number(detail);
    default:
      throw new Error(`Expected a known outcome but received ${rule}`);
  }
}

async function freshInstance(config) {
  const runtime = new Runtime(config);
  try {
    await (await runtime.instantiate(empty, new ModuleConfig(), { timeoutMs: 5_000 })).close();
    return undefined;
  } catch (error) {
    return error.message;
  } finally {
    await runtime.close();
  }
}
