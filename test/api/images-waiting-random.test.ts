// Random guests, frozen in a host function: what becomes of a module of the image is what the interpreter makes of the same answers, from the beginning.
// WAZERO_WAITING_GUESTS=500 is for who raises wazero's version, or changes what the compiler keeps in registers.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { needsStacks } from '../support/edits.js';
import {
  type CallerModule,
  type Module,
  ModuleConfig,
  type ModuleImage,
  Runtime,
  RuntimeConfig,
} from '../support/package.js';
import { waitingGuest } from '../support/waiting-guests.js';
import { wat } from '../support/wat.mjs';

const guests = Number(process.env.WAZERO_WAITING_GUESTS ?? 20);
const [freezes, clones] = [3, 4];
const folder = mkdtempSync(join(tmpdir(), 'node-wazero-random-'));
afterAll(() => rmSync(folder, { recursive: true }));

const mask = (1n << 64n) - 1n;
function answer(seed: bigint, n: number, a: number, b: bigint): bigint {
  let x =
    (seed * 0x9e3779b97f4a7c15n) ^ (BigInt(n) * 0xbf58476d1ce4e5b9n) ^ (BigInt(a >>> 0) << 32n) ^ BigInt.asUintN(64, b);
  x &= mask;
  x ^= x >> 29n;
  return BigInt.asIntN(64, x * 0x94d049bb133111ebn);
}

/** What the host functions do for the guest that runs. */
class Host {
  asked = 0;
  freezeAt = -1;
  /** From that question on the second seed counts. */
  switchAt = Number.POSITIVE_INFINITY;
  seeds: [bigint, bigint] = [5n, 5n];
  image: Promise<ModuleImage> | undefined;
  waited: [number, bigint] = [0, 0n];

  next(a: number, b: bigint): bigint {
    const seed = this.asked >= this.switchAt ? this.seeds[1] : this.seeds[0];
    return answer(seed, this.asked++, a, b);
  }
  ask(caller: CallerModule, a: number, b: bigint): bigint | Promise<bigint> {
    if (this.asked !== this.freezeAt) return this.next(a, b);
    this.freezeAt = -1;
    this.waited = [a, b];
    this.image = caller.freeze();
    return this.next(a, b);
  }
}
const hosts = new Map<string, Host>();
async function open(config: RuntimeConfig, lane: 'sync' | 'async') {
  const runtime = new Runtime(config);
  const host = (caller: CallerModule) => hosts.get(caller.name) as Host;
  const ask = (caller: CallerModule, a: number, b: bigint) => host(caller).ask(caller, a, b);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(lane === 'sync' ? ask : async (...args) => ask(...args), ['i32', 'i64'], ['i64'])
    .export('ask')
    .newFunctionBuilder()
    .withModuleFunction((caller, pages) => void caller.memory!.grow(pages), ['i32'], [])
    .export('grow')
    .instantiate();
  return runtime;
}
// What the compiler adds to code: nothing, polls, and counting; with guard pages where there are any, and without.
const configs = [
  RuntimeConfig.compiler(),
  RuntimeConfig.compiler().withCloseOnContextDone(true),
  RuntimeConfig.compiler().withFuel(true),
  RuntimeConfig.compiler().withGuardPages(false),
];
let names = 0;
function prepared(host: Host): ModuleConfig {
  const name = `m${names++}`;
  hosts.set(name, host);
  return new ModuleConfig().withName(name);
}
function stateOf(module: Module): string {
  const memory = module.memory!;
  const hash = createHash('sha1').update(memory.read(0, memory.size())).digest('hex');
  const state = [memory.size(), hash, module.exportedGlobal('g0')!.get(), module.exportedGlobal('g2')!.get()].join();
  hosts.delete(module.name);
  module.closeSync();
  return state;
}

needsStacks(`${guests} random guests`, async () => {
  for (const lane of ['sync', 'async'] as const) {
    for (let n = lane === 'sync' ? 0 : 1; n < guests; n += 2) {
      await using reference = await open(RuntimeConfig.interpreter(), 'sync');
      await using runtime = await open(configs[n % configs.length] as RuntimeConfig, lane);
      const binary = wat(waitingGuest(n));
      const [interpreted, compiled] = [await reference.compileModule(binary), await runtime.compileModule(binary)];
      const depth = 3 + (n % 10);
      const expected = (host: Host): [string, number] => {
        const module = reference.instantiateModuleSync(interpreted, prepared(host));
        module.exportedFunction('run')!.callSync(depth);
        return [stateOf(module), host.asked];
      };
      const [whole, questions] = expected(new Host());
      for (let round = 0; round < freezes; round++) {
        const at = (n * 31 + round * 17) % questions;
        const host = new Host();
        host.freezeAt = at;
        const source = await runtime.instantiateModule(compiled, prepared(host));
        if (lane === 'sync') source.exportedFunction('run')!.callSync(depth);
        else await source.exportedFunction('run')!.call(depth);
        expect(stateOf(source), `guest ${n}, the source`).toBe(whole);
        let image = (await host.image) as ModuleImage;
        if (round > 0) {
          const path = join(folder, 'image');
          await image.save(path);
          image = await runtime.loadImage(path, compiled);
        }
        for (let i = 0; i < clones; i++) {
          const seeds: [bigint, bigint] = [5n, BigInt(1000 + i)];
          const [want] = expected(Object.assign(new Host(), { seeds, switchAt: at }));
          const going = Object.assign(new Host(), { seeds, switchAt: at, asked: at });
          const first = going.next(...host.waited);
          const config = prepared(going);
          const clone =
            lane === 'sync'
              ? runtime.instantiateModuleSync(image, config, { answer: [first] })
              : await runtime.instantiateModule(image, config, { answer: [first] });
          expect(stateOf(clone), `guest ${n}, frozen at ${at} of ${questions}, clone ${i}`).toBe(want);
        }
        await image.close();
      }
    }
  }
});
