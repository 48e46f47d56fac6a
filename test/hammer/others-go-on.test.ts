/** A guest that loops for ever in `call` takes nothing from the others: their calls answer, and Go's collector runs. */
import { expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { expectAftermath } from '../support/faults.js';
import { endless, interruptible, timedOut } from '../support/guests.js';
import { binding, ExitError, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();
// grows by a page per call, so that allocation and collection have work
const worker = wat(`(module (memory 1) (func (export "add") (param i32 i32) (result i32)
  (drop (memory.grow (i32.const 1))) (i32.add (local.get 0) (local.get 1))))`);

needsEdit('e1')(
  'G1: calls in both lanes and garbage collections go on while guests loop',
  async () => {
    await using runtime = new Runtime(interruptible());
    const loops = await Promise.all([1, 2, 3].map(() => runtime.instantiate(endless.loop)));
    const others = await Promise.all([1, 2, 3, 4].map(() => runtime.instantiate(worker)));
    const running = loops.map((module) =>
      module
        .exportedFunction('run')!
        .withOptions({ timeoutMs: 3_000 })
        .call()
        .then(
          () => 'returned',
          (error: unknown) => error,
        ),
    );
    let answered = 0;
    let collections = 0;
    let longest = 0;
    const end = performance.now() + 2_500;
    while (performance.now() < end) {
      const started = performance.now();
      for (const [i, module] of others.entries()) {
        const add = module.exportedFunction('add', ['i32', 'i32'], ['i32']);
        expect(add.callSync(answered, i)).toBe(answered + i);
      }
      const sums = await Promise.all(
        others.map((module, i) => module.exportedFunction('add', ['i32', 'i32'], ['i32']).call(answered, i)),
      );
      expect(sums).toEqual(others.map((_, i) => answered + i));
      answered += others.length * 2;
      if (answered % 80 === 0) {
        binding().collect();
        collections++;
      }
      longest = Math.max(longest, performance.now() - started);
    }
    console.log(
      `while three guests looped: ${answered} calls answered, ${collections} collections, longest round ${longest.toFixed(0)} ms`,
    );
    expect(answered).toBeGreaterThan(200);
    expect(collections).toBeGreaterThan(2);
    expect(longest).toBeLessThan(1_000);
    for (const error of await Promise.all(running)) {
      expect(error).toBeInstanceOf(ExitError);
      expect(error).toMatchObject({ exitCode: timedOut, reason: 'timeout' });
    }
  },
  30_000,
);
