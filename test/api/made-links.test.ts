/** Link groups that are joined by what JavaScript puts into tables and globals. */
import { describe, expect } from 'vitest';
import { errorOf } from '../support/errors.js';
import { call, counter, instance, it, open } from '../support/made.js';
import { type ExportedFunction, type FunctionReference, type Module, Tenant } from '../support/package.js';

const busyWith = async (module: Module, during: () => Promise<void>) => {
  const call = module.exportedFunction('spin')!.withOptions({ timeoutMs: 400 }).call();
  await during();
  expect(await errorOf(() => call)).toMatchObject({ code: 'ERR_WAZERO_EXIT' });
};

describe('link groups', () => {
  /** Whether a call in the one keeps the other from being called. */
  const areLinked = async (a: Module, b: Module): Promise<boolean> => {
    let error: unknown;
    await busyWith(a, async () => {
      error = await errorOf(() => call(b, 'next'));
    });
    if (error !== undefined) expect(error).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    return error !== undefined;
  };
  const three = () => {
    const runtime = open();
    const [a, b] = [instance(runtime, counter), instance(runtime, counter)];
    const table = runtime.newTable({ min: 1 });
    const importer = '(module (import "a" "t" (table 1 funcref)) (func (export "spin") (loop $l (br $l))))';
    return { runtime, a, b, table, importer: instance(runtime, importer, [table]) };
  };

  it('are joined by a function that is put into a table, and only then', async () => {
    const { b, table, importer } = three();
    expect(await areLinked(importer, b)).toBe(false);
    const { b: c, table: t, importer: i } = three();
    t.set(0, c.exportedFunction('next')!.reference());
    expect(await areLinked(i, c)).toBe(true);
    expect(table.get(0)).toBe(null);
  });

  it('are not joined by what is refused', async () => {
    const { runtime, b, table, importer } = three();
    const reference = b.exportedFunction('next')!.reference();
    const immutable = runtime.newGlobal('funcref', null);
    const externs = runtime.newTable({ type: 'externref', min: 1 });
    const refused = [
      () => table.set(1, reference),
      () => table.fill(reference, 0, 2),
      () => table.fill(reference, 2),
      () => table.set(-1, reference),
      () => table.set(0.5, reference),
      () => immutable.set(reference),
      () => table.set(0, { ...reference } as never),
      () => table.set(0, b.exportedFunction('next') as never),
      () => table.set(0, undefined as never),
      () => runtime.newTable({ min: 1, max: 0, value: reference }),
    ];
    for (const refuse of refused)
      expect(await errorOf(refuse)).toMatchObject({ code: expect.stringMatching(/OUT_OF_RANGE|INVALID_ARGUMENT/) });
    expect(runtime.newTable({ min: 1, max: 1 }).grow(1, reference)).toBe(-1);
    expect(table.grow(20_000_000, reference)).toBe(-1);
    table.fill(reference, 1);
    table.fill(reference, 0, 0);
    expect(table.grow(0, reference)).toBe(1);
    externs.set(0, reference); // a value of JavaScript there
    expect(externs.get(0)).toBe(reference);
    expect(await areLinked(importer, b)).toBe(false);
  });

  it('are not joined while a call runs or waits in one of them: BUSY, and nothing has changed', async () => {
    const { b, table, importer } = three();
    const reference = b.exportedFunction('next')!.reference();
    const refuse = [() => table.set(0, reference), () => table.fill(reference), () => table.grow(1, reference)];
    await busyWith(b, async () => {
      for (const put of refuse) expect(await errorOf(put)).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
      expect([table.size(), table.get(0)]).toEqual([1, null]);
    });
    const { b: c, table: t, importer: i } = three();
    const word = c.exportedFunction('next')!.reference();
    await busyWith(i, async () => {
      for (const put of [() => t.set(0, word), () => t.get(0), () => t.size(), () => t.grow(1)])
        expect(await errorOf(put)).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    });
    t.set(0, word);
    expect([t.get(0) === word, i.isClosed, importer.isClosed]).toEqual([true, true, false]);
  });

  it('are joined inside a host function of a synchronous call, and of none else', async () => {
    const runtime = open();
    const b = instance(runtime, counter);
    const table = runtime.newTable({ min: 1 });
    const reference = b.exportedFunction('next')!.reference();
    const text = `(module (import "a" "t" (table $t 1 funcref)) (import "a" "f" (func $f)) (type $v (func (result i32)))
      (func (export "run") (result i32) (call $f) (call_indirect $t (type $v) (i32.const 0))))`;
    let put: () => void | Promise<void> = () => table.set(0, reference);
    const module = instance(runtime, text, [table, () => put()]);
    const run = module.exportedFunction('run', [], ['i32'])!;
    for (let i = 1; i < 4; i++) expect(run.callSync()).toBe(i); // through Go, then directly
    for (let i = 0; i < 5; i++) {
      const own = instance(runtime, counter).exportedFunction('next')!.reference();
      put = () => table.set(0, own);
      expect(run.callSync()).toBe(1); // they are joined inside a direct call
    }
    table.set(0, null);
    const late = instance(runtime, counter).exportedFunction('next')!.reference();
    put = async () => {
      await null;
      table.set(0, late);
    };
    expect(await errorOf(() => run.call())).toMatchObject({ cause: { code: 'ERR_WAZERO_BUSY' } });
    expect(table.get(0)).toBe(null);
  });

  it('keep a table’s functions: closed ones say so, open ones go on when the table’s owner is closed', async () => {
    const runtime = open();
    const tenant = new Tenant('made');
    const table = runtime.newTable({ min: 2, tenant });
    const text = `(module (import "a" "t" (table $t 2 funcref)) (type $v (func (result i32)))
      (func (export "run") (param i32) (result i32) (call_indirect $t (type $v) (local.get 0))))`;
    const [module, other] = [instance(runtime, text, [table]), instance(runtime, text, [table])];
    const [a, b] = [instance(runtime, counter), instance(runtime, counter)];
    table.set(0, a.exportedFunction('next')!.reference());
    table.set(1, call(b, 'hidden') as FunctionReference);
    await a.close();
    const run = module.exportedFunction('run') as ExportedFunction<['i32'], ['i32']>;
    expect(await errorOf(() => call(other, 'run', 0 as never))).toMatchObject({ code: 'ERR_WAZERO_EXIT' });
    expect(run.callSync(1)).toBe(77);
    await tenant.close();
    for (const use of [() => table.get(1), () => table.size(), () => table.set(1, null), () => table.grow(1)])
      expect(await errorOf(use)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(run.callSync(1)).toBe(77);
    expect(await errorOf(() => instance(runtime, text, [table]))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  it('have no reference in common with another runtime', async () => {
    const [here, there] = [open(), open()];
    const reference = instance(there, counter).exportedFunction('next')!.reference();
    const table = here.newTable({ min: 1 });
    for (const put of [() => table.set(0, reference), () => here.newGlobal('funcref', reference)])
      expect(await errorOf(put)).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
    const closed = instance(here, counter);
    const gone = closed.exportedFunction('next')!.reference();
    await closed.close();
    expect(await errorOf(() => table.set(0, gone))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(await errorOf(() => closed.exportedFunction('next')!.reference())).toMatchObject({
      code: 'ERR_WAZERO_CLOSED',
    });
  });
});
