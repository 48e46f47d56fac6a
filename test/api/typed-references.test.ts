/** Typed references to functions: called as what they are, and never taken for another type. */
import { describe, expect, it } from 'vitest';
import { binary, body, exported, funcref, i32, i64, name, type } from '../support/binary.js';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { CoreFeatures, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';

const features = CoreFeatures.V2 | CoreFeatures.TypedFunctionReferences | CoreFeatures.TailCall;
const [refFunc0, callRef, returnCallRef, refNull, select] = [[0xd2, 0], 0x14, 0x15, 0xd0, 0x1c];
const five = [0x42, 5];

/** Function 0 of type 0 (i64 -> i64) adds 7; "f" of type 2 (-> i64) is this code. Type 1 has one parameter more, type 3 equals type 0. */
const guest = (...code: number[]) =>
  binary(
    ['types', type([i64], [i64]), type([i64, i64], [i64]), type([], [i64]), type([i64], [i64])],
    ['functions', [0], [2]],
    ['exports', exported('f', 'function', 1)],
    ['elements', [3, 0, 1, 0]],
    ['code', body(0x20, 0, 0x42, 7, 0x7c), body(...code)],
  );

describe.each(['compiler', 'interpreter'] as const)('%s', (engine) => {
  const config = RuntimeConfig[engine]();

  it.each([
    ['call_ref', [...five, ...refFunc0, callRef, 0]],
    ['call_ref of an equal type', [...five, ...refFunc0, callRef, 3]],
    ['return_call_ref', [...five, ...refFunc0, returnCallRef, 0]],
  ])('%s', async (_, code) => {
    await using runtime = new Runtime(config.withCoreFeatures(features));
    const f = (await runtime.instantiate(guest(...code))).exportedFunction('f', [], ['i64']);
    expect([f.callSync(), await f.call()]).toEqual([12n, 12n]);
  });

  needsEdit('e7ref')('a reference of another type is not taken', async () => {
    await using runtime = new Runtime(config.withCoreFeatures(features));
    for (const code of [
      [...five, ...five, ...refFunc0, callRef, 1],
      [...five, ...five, ...refFunc0, returnCallRef, 1],
      [...five, 0x02, 0x63, 1, ...refFunc0, 0x0b, 0x1a],
    ]) {
      const bytes = guest(...code);
      expect(await errorOf(() => runtime.compileModule(bytes))).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
      expect(await errorOf(() => runtime.compileModuleSync(bytes))).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
    }
  });

  needsEdit('e7ref')('another module may not say that a global is of another type', async () => {
    await using runtime = new Runtime(config.withCoreFeatures(features));
    const exporter = binary(
      ['types', type([i64], [i64])],
      ['functions', [0]],
      ['globals', [0x63, 0, 0, 0xd2, 0, 0x0b]],
      ['exports', exported('g', 'global', 0)],
      ['code', body(0x20, 0)],
    );
    await runtime.instantiate(exporter, new ModuleConfig().withName('exporter'));
    const importer = (first: number[]) =>
      binary(
        ['types', first, type([], [i64])],
        ['imports', [...name('exporter'), ...name('g'), 3, 0x63, 0, 0]],
        ['functions', [1]],
        ['exports', exported('f', 'function', 0)],
        ['code', body(...five, 0x23, 0, callRef, 0)],
      );
    const module = await runtime.instantiate(importer(type([i64], [i64])));
    expect(module.exportedFunction('f', [], ['i64']).callSync()).toBe(5n);
    expect(await errorOf(() => runtime.instantiate(importer(type([i64], [i32, i64]))))).toMatchObject({
      code: 'ERR_WAZERO_COMPILE',
    });
    const other = binary(
      ['types', type([i64, i64], [i64])],
      ['imports', [...name('exporter'), ...name('g'), 3, 0x63, 0, 0]],
    );
    expect(await errorOf(() => runtime.instantiate(other))).toMatchObject({ code: 'ERR_WAZERO_LINK' });
    expect(await errorOf(() => runtime.instantiateSync(other))).toMatchObject({ code: 'ERR_WAZERO_LINK' });
  });

  describe('with the features of WebAssembly 2.0', () => {
    // The heap type in five bytes ends with 0x7f; in two with 0x7f; were they run, they would be what is no instruction.
    needsEdit('e7select')('select of a (ref null func) whose type has two bytes, three, or six', async () => {
      for (const heapType of [[0x70], [0xf0, 0x7f], [0xf0, 0xff, 0xff, 0xff, 0x7f]]) await selectOf(heapType);
    });
    async function selectOf(heapType: number[]) {
      await using runtime = new Runtime(config);
      const bytes = guest(
        ...five,
        ...refFunc0,
        refNull,
        funcref,
        0x41,
        1,
        select,
        1,
        0x63,
        ...heapType,
        0xd1,
        0x04,
        0x40,
        0,
        0x0b,
      );
      const f = (await runtime.instantiate(bytes)).exportedFunction('f', [], ['i64']);
      expect([f.callSync(), await f.call()]).toEqual([5n, 5n]);
    }

    needsEdit('e7select')('what stands in the type of a select is not run', async () => {
      await using runtime = new Runtime(config);
      // The heap type is type 0 in five bytes; upstream skips 01 63 and runs 80 80 80 80 00.
      const bytes = guest(
        ...five,
        refNull,
        funcref,
        refNull,
        funcref,
        0x41,
        1,
        select,
        1,
        0x63,
        0x80,
        0x80,
        0x80,
        0x80,
        0,
        0x1a,
      );
      expect(await errorOf(() => runtime.compileModule(bytes))).toMatchObject({ code: 'ERR_WAZERO_COMPILE' }); // funcref is not (ref null 0)
    });

    needsEdit('e7select')('operands of a select are of its type', async () => {
      await using runtime = new Runtime(config);
      const bytes = guest(...five, ...five, 0x41, 1, select, 1, i32, 0x1a, ...five);
      expect(await errorOf(() => runtime.compileModule(bytes))).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
    });
  });
});
