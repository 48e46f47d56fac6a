/**
 * Records of configuration with anything in their fields, past the checks of src/, at the reader of the addon and the decoder behind it: what is
 * wrong is an error of a kind that is listed, what is not makes a runtime and a module that can be closed.
 */
import { readFileSync } from 'node:fs';
import '../../../dist/index.js';
import { native } from '../../../dist/internal.js';
import { wat } from '../../support/wat.mjs';

const guest = wat('(module (memory (export "memory") 1) (func (export "f")) (func (export "trap") (unreachable)))');
const importing = wat('(module (import "a" "f" (func)) (func (export "g")))');

/** Rows of config_fields.def: [kind, name of the property] of each struct. */
function rows(struct) {
  const text = readFileSync(new URL('../../../native/abi/config_fields.def', import.meta.url), 'utf8');
  return [...text.matchAll(new RegExp(`^WZ_${struct}_ROW\\(\\s*(\\w+)\\s*,\\s*\\w+\\s*,\\s*(\\w+)\\s*,`, 'gm'))].map(
    ([, kind, name]) => [kind, name],
  );
}
const fields = Object.fromEntries(['RUNTIME', 'MODULE', 'MOUNT', 'IMPORT'].map((struct) => [struct, rows(struct)]));
const texts = [
  '',
  'a',
  'f',
  'trap',
  'b',
  'k=v',
  '=',
  'a\0b',
  '/',
  '..',
  '/nowhere',
  '\ud800',
  'é'.repeat(300),
  '127.0.0.1',
  '0',
  '99999',
  '-1',
  '__proto__',
];
const thrown = new Error('thrown by a getter');

export function open() {
  const binding = native();
  const counts = { runtimes: 0, modules: 0, refused: 0 };
  let frame = 2 ** 40;

  /** Runs what may refuse; a panic that was caught on the way is a finding, too. */
  const refusable = (action) => {
    try {
      return action();
    } catch (error) {
      check(error, error.message);
      return undefined;
    }
  };
  const check = (error, message) => {
    counts.refused++;
    if (error === thrown) return;
    const known = error instanceof TypeError || error instanceof RangeError || /^ERR_WAZERO_/.test(error.code);
    // src/ does not let more pages through.
    const panicked = message.includes('recovered by') && !message.startsWith('memoryLimitPages invalid: ');
    if (!known || panicked) throw new Error(`refused with ${error.code}: ${message}`);
  };

  return {
    counts,
    run(random) {
      // One strange value in a record that is usual otherwise gets further than many.
      const strange = random.oneIn(3) ? 0 : random.oneIn(2) ? 40 : 10;
      const made = refusable(() => binding.runtimeNew(record('RUNTIME', random, strange)));
      const runtime = made?.handle ?? binding.runtimeNew({}).handle;
      if (made) counts.runtimes++;
      try {
        const compiled = refusable(() => binding.compileSync(runtime, random.oneIn(8) ? importing : guest, 1, 0));
        if (!compiled) return;
        const module = refusable(() =>
          binding.instantiate(frame++, 0, 0, 0, runtime, compiled, record('MODULE', random, strange), random.oneIn(2)),
        );
        if (typeof module === 'string') {
          const error = JSON.parse(module);
          check(error, error.message);
        } else if (module !== undefined) {
          counts.modules++;
          refusable(() => binding.moduleDescribe(module));
          refusable(() => binding.moduleClose(module, 0));
        }
      } finally {
        binding.runtimeClose(runtime, 0);
      }
    },
  };
}

/** A record of a struct; `strange`: once in how many fields anything stands there (0: never). */
function record(struct, random, strange) {
  if (strange && random.oneIn(50)) return anything(random);
  const made = {};
  for (const [kind, name] of fields[struct]) {
    if (random.oneIn(2)) continue;
    if (strange && random.oneIn(strange)) {
      if (random.oneIn(8))
        Object.defineProperty(made, name, {
          enumerable: true,
          get: () => {
            throw thrown;
          },
        });
      else made[name] = anything(random);
    } else made[name] = usual[kind](random, name, strange);
  }
  return random.oneIn(30) ? new Proxy(made, {}) : made;
}

const list = (random, item) => Array.from({ length: random.oneIn(40) ? 2000 : random.below(5) }, item);
const text = (random) => (random.oneIn(4) ? random.bytes(random.below(20)) : random.pick(texts));
const usual = {
  BOOL: (random) => random.oneIn(2),
  U32: (random, name) =>
    /Kind|engine/.test(name) ? random.below(6) : random.oneIn(2) ? random.below(100_000) : random.u32(),
  U64: (random) => (random.oneIn(2) ? random.u64() : BigInt(random.below(100_000))),
  I32: (random) => random.pick([-1, 0, 1, 2, 1_000_000, -(2 ** 31), 2 ** 31 - 1]), // no file of this process but the standard ones
  ID: (random) =>
    random.oneIn(2) ? 0 : random.oneIn(2) ? random.below(1000) : random.u32() * 2 ** 20 + random.below(2 ** 20),
  STR: text,
  LIST: (random, name) =>
    name === 'tcpListeners'
      ? random.oneIn(8)
        ? list(random, () => random.pick(['127.0.0.1', '0', '99999', 'a b', ''])).slice(0, 4)
        : []
      : list(random, () => text(random)),
  MOUNTS: (random, _, strange) => list(random, () => record('MOUNT', random, strange)).slice(0, 5),
  IMPORTS: (random, _, strange) => list(random, () => record('IMPORT', random, strange)),
};

function anything(random) {
  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  return random.pick([
    () => undefined,
    () => null,
    () => NaN,
    () => -1,
    () => 1.5,
    () => 2 ** 32,
    () => 2 ** 53,
    () => -0,
    () => Infinity,
    () => 1n,
    () => -1n,
    () => 2n ** 64n,
    () => true,
    () => 'text',
    () => '\ud800',
    () => Symbol('s'),
    () => () => 1,
    () => [],
    () => [undefined],
    () => new Array(100),
    () => [[], {}],
    () => ({}),
    () => ({ length: 3 }),
    () => new Uint8Array(0),
    () => detached,
    () => new Uint8Array(new SharedArrayBuffer(8)),
    () => new Float64Array(2),
    () => new DataView(new ArrayBuffer(4)),
    () => new Proxy([], {}),
    () =>
      new Proxy(
        {},
        {
          get: () => {
            throw thrown;
          },
        },
      ),
    () => Object.create(null),
    () => new Date(0),
    () => texts,
  ])();
}
