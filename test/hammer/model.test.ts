/**
 * Random operations on guests against a model of what each must answer: calls of a module run one after another in order, each settles
 * once, what is closed stays closed, and nothing that waits is lost. fast-check shrinks what fails to the shortest such sequence.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { type Memory, type Module, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const runs = Number(process.env.WAZERO_MODEL_RUNS || 150);
const seconds = Number(process.env.WAZERO_MODEL_SECONDS || 60);

const guest =
  wat(`(module (import "env" "gate" (func $gate (param i32) (result i32))) (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
  (func $next (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func (export "inc") (param i32) (result i32) (call $next))
  (func (export "gate") (param i32) (result i32) (drop (call $gate (local.get 0))) (call $next))
  (func (export "trap") (param i32) (result i32) (drop (call $next)) (unreachable)))`);

type Kind = 'inc' | 'gate' | 'trap';
type Operation =
  | { op: 'call'; kind: Kind; on: number }
  | { op: 'callSync' | 'close' | 'closeSync' | 'read' | 'release' | 'abort'; on: number }
  | { op: 'wait' };

const on = fc.nat(2);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('call' as const), kind: fc.constantFrom<Kind>('inc', 'gate', 'trap'), on }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom('callSync' as const, 'read' as const, 'release' as const, 'abort' as const),
      on,
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('close' as const, 'closeSync' as const), on }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('wait' as const) }) },
);

interface Call {
  kind: Kind;
  state: 'queued or running' | 'settled';
  aborted: boolean;
  controller: AbortController;
  closedBefore: boolean;
  outcome?: unknown;
  settledTimes: number;
}
/** One guest and what is known of it. */
class Guest {
  readonly calls: Call[] = [];
  readonly gates: (() => void)[] = [];
  closeAsked = false;
  syncCalls = 0;
  readonly module: Module;
  readonly memory: Memory;
  constructor(module: Module) {
    this.module = module;
    this.memory = module.memory!;
  }

  /** An abort or an exit that met a running call closes its module, too. */
  get closing(): boolean {
    return this.closeAsked || this.module.isClosed;
  }
  get inFlight(): boolean {
    return this.calls.some((call) => call.state !== 'settled');
  }

  call(kind: Kind, index: number): void {
    const call: Call = {
      kind,
      state: 'queued or running',
      aborted: false,
      controller: new AbortController(),
      closedBefore: this.closing,
      settledTimes: 0,
    };
    this.calls.push(call);
    const settle = (outcome: unknown) => {
      call.outcome = outcome;
      call.state = 'settled';
      call.settledTimes++;
    };
    this.module
      .exportedFunction(kind, ['i32'], ['i32'])
      .withOptions({ signal: call.controller.signal })
      .call(index)
      .then(settle, settle);
  }
}

async function play(operations: readonly Operation[]): Promise<void> {
  await using runtime = new Runtime(interruptible());
  const guests: Guest[] = [];
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(
      (index) => new Promise<number>((resolve) => guests[index]!.gates.push(() => resolve(1))),
      ['i32'],
      ['i32'],
    )
    .export('gate')
    .instantiate();
  const compiled = await runtime.compileModule(guest);
  for (let i = 0; i < 3; i++) guests.push(new Guest(await runtime.instantiateModule(compiled)));

  for (const operation of operations) {
    if (operation.op === 'wait') {
      await new Promise((resolve) => setTimeout(resolve, 2));
      continue;
    }
    const guest = guests[operation.on]!;
    const { module } = guest;
    switch (operation.op) {
      case 'call':
        if (guest.closing) {
          const refused = await errorOf(() => module.exportedFunction(operation.kind, ['i32'], ['i32']).call(0));
          expect(refused).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
        } else guest.call(operation.kind, operation.on);
        break;
      case 'callSync': {
        const { inFlight: busy, closing } = guest;
        const error = await errorOf(() => module.exportedFunction('inc', ['i32'], ['i32']).callSync(0));
        if (closing) expect(error).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
        else if (busy && error !== undefined) expect(error).toMatchObject({ code: refusal(guest) });
        else {
          expect(error).toBeUndefined();
          if (busy) await haveEnded(guest);
          guest.syncCalls++;
        }
        break;
      }
      case 'read': {
        const error = await errorOf(() => guest.memory.readUint32Le(0));
        if (guest.closing) expect(error).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
        else if (error !== undefined) {
          expect(error).toMatchObject({ code: refusal(guest) });
          expect(guest.inFlight).toBe(true);
        }
        break;
      }
      case 'release':
        guest.gates.shift()?.();
        break;
      case 'abort': {
        const call = guest.calls.findLast(({ state }) => state !== 'settled');
        if (call) {
          call.aborted = true;
          call.controller.abort('test');
        }
        break;
      }
      case 'close':
        guest.closeAsked = true;
        void module.close();
        break;
      case 'closeSync': {
        const busy = guest.inFlight;
        const error = await errorOf(() => module.closeSync());
        if (busy && !guest.closing && error !== undefined) expect(error).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
        else if (!guest.closing) {
          expect(error).toBeUndefined();
          if (busy) await haveEnded(guest);
          guest.closeAsked = true;
        }
        break;
      }
    }
  }
  await finish(guests);
}

/** While a call is under way. An abort closes the module at once, and its call rejects a moment later. */
const refusal = (guest: Guest) =>
  expect.stringMatching(guest.calls.some(({ aborted }) => aborted) ? /BUSY$|CLOSED$/ : /BUSY$/);

/** Not busy, although a Promise has not settled: its call has ended within this turn, and the reactions come in it. */
async function haveEnded(guest: Guest): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  expect(guest.inFlight).toBe(false);
}

/** Opens every gate until everything has settled, then holds each guest's calls against what they may have answered. */
async function finish(guests: readonly Guest[]): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (guests.some((guest) => guest.inFlight)) {
    if (Date.now() > deadline)
      throw new Error(
        `Expected every call to settle: ${JSON.stringify(guests.map((g) => g.calls.map((c) => [c.kind, c.state])))}`,
      );
    for (const guest of guests) guest.gates.shift()?.();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const guest of guests) {
    let last = 0;
    for (const { kind, outcome, aborted, settledTimes } of guest.calls) {
      expect(settledTimes).toBe(1);
      if (typeof outcome === 'number') {
        // in order, and none ran twice
        expect(outcome).toBeGreaterThan(last);
        expect(kind).not.toBe('trap');
        last = outcome;
      } else if ((outcome as { code: string }).code === 'ERR_WAZERO_TRAP') expect(kind).toBe('trap');
      else if ((outcome as { code: string }).code === 'ERR_WAZERO_ABORTED') expect(aborted).toBe(true);
      else {
        expect(outcome).toMatchObject({ code: expect.stringMatching(/^ERR_WAZERO_(EXIT|CLOSED)$/) });
        expect(guest.module.isClosed).toBe(true);
      }
    }
    const ran = guest.calls.filter(
      ({ outcome }) => typeof outcome === 'number' || (outcome as { code: string }).code === 'ERR_WAZERO_TRAP',
    ).length;
    if (!guest.module.isClosed)
      expect(guest.module.exportedFunction('inc', ['i32'], ['i32']).callSync(0)).toBe(ran + guest.syncCalls + 1);
  }
}

it(
  `C8: ${runs} random sequences of calls, aborts, closes and reads on three guests`,
  async () => {
    let played = 0;
    const property = fc.asyncProperty(fc.array(operation, { maxLength: 40 }), (operations) => {
      played++;
      return play(operations);
    });
    await fc.assert(property, {
      numRuns: runs,
      interruptAfterTimeLimit: seconds * 1000,
      endOnFailure: false,
    });
    console.log(`model: ${played} sequences`);
  },
  (seconds + 60) * 1000,
);
