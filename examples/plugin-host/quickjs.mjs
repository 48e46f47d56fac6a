// Plugins in JavaScript: QuickJS as it comes from npm (quickjs-wasi), run as a guest. It needs six functions of a module `env`; all but host_call
// have plain answers here. A value of QuickJS is a pointer in its memory, ours to free.
import { readFile } from 'node:fs/promises';

export const quickJsBinary = () => readFile(new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm')));

/** Calls an export; every parameter and the result is an i32. */
const call = async (guest, name, ...args) => (await guest.exportedFunction(name).call(...args)) >>> 0;

/** A string with a NUL at its end, in memory of the guest while `use` runs. */
async function withString(guest, value, use) {
  const bytes = Buffer.from(`${value}\0`);
  const pointer = await call(guest, 'wasm_malloc', bytes.length);
  guest.memory.write(pointer, bytes);
  const result = await use(pointer, bytes.length - 1);
  await call(guest, 'wasm_free', pointer);
  return result;
}

/** String(value), as QuickJS does it. */
async function stringOf(guest, value) {
  const lengthAt = await call(guest, 'wasm_malloc', 4);
  const pointer = await call(guest, 'qjs_get_string_len', value, lengthAt);
  const text =
    pointer === 0
      ? 'an object without a string'
      : guest.memory.readString(pointer, guest.memory.readUint32Le(lengthAt));
  if (pointer !== 0) await call(guest, 'qjs_free_cstring', pointer);
  await call(guest, 'wasm_free', lengthAt);
  return text;
}

const newString = (guest, text) =>
  withString(guest, text, (pointer, length) => call(guest, 'qjs_new_string', pointer, length));

const setProperty = (guest, object, name, value) =>
  withString(guest, name, (pointer) => call(guest, 'qjs_set_prop_string', object, pointer, value));

/** Runs a script and hands its value (to be freed) to `use`; throws what the script threw. */
async function evaluate(guest, source, file, use) {
  const value = await withString(guest, file, (filePointer) =>
    withString(guest, source, (pointer, length) => call(guest, 'qjs_eval', pointer, length, filePointer, 0)),
  );
  try {
    if (!(await call(guest, 'qjs_is_exception', value))) return await use(value);
    const exception = await call(guest, 'qjs_get_exception');
    const text = await stringOf(guest, exception);
    await call(guest, 'qjs_free_value', exception);
    throw new Error(text);
  } finally {
    if (!guest.isClosed) await call(guest, 'qjs_free_value', value);
  }
}

const hostNames = ['log', 'kvGet', 'kvSet', 'fetch'];

/** A JavaScript plugin: `setUp` starts the engine in its module and loads the script, `handle` calls the script's function of that name. */
export const javaScript = (source, file) => ({
  async setUp(guest) {
    if ((await call(guest, 'qjs_init')) !== 0) throw new Error('QuickJS did not start');
    await evaluate(guest, 'globalThis.host = {}', 'host', async (host) => {
      for (const name of hostNames) {
        const made = await withString(guest, name, (pointer, length) =>
          call(guest, 'qjs_new_host_function', pointer, length, 0),
        );
        await setProperty(guest, host, name, made);
        await call(guest, 'qjs_free_value', made);
      }
    });
    await evaluate(guest, source, file, () => {});
  },
  handle: (guest, order) =>
    evaluate(guest, `JSON.stringify(handle(${order}))`, 'request', (value) => stringOf(guest, value)),
});

/** The module `env` that quickjs.wasm imports. */
export async function addQuickJs(runtime, services) {
  /** host.name(...args) in a script. The arguments stay QuickJS's; the result becomes its own; 0 says that an exception is set. */
  async function hostCall(caller, namePointer, nameLength, _this, count, list) {
    const name = caller.memory.readString(namePointer >>> 0, nameLength);
    const args = [];
    for (let i = 0; i < count; i++) args.push(await stringOf(caller, caller.memory.readUint32Le((list >>> 0) + 4 * i)));
    try {
      if (name === 'fetch') args.splice(1, Infinity, caller.signal);
      const result = await services[name](caller.context, ...args);
      return result === undefined ? call(caller, 'qjs_get_undefined') : newString(caller, result);
    } catch (error) {
      const exception = await call(caller, 'qjs_new_error');
      const message = await newString(caller, error.message);
      await setProperty(caller, exception, 'message', message);
      await call(caller, 'qjs_throw', exception);
      await call(caller, 'qjs_free_value', message);
      await call(caller, 'qjs_free_value', exception);
      return 0;
    }
  }
  async function promiseRejection(caller, promise, reason) {
    await call(caller, 'qjs_free_value', promise);
    await call(caller, 'qjs_free_value', reason);
  }
  const i32 = (count) => Array(count).fill('i32');
  const add = (builder, name, fn, params, results) =>
    builder.newFunctionBuilder().withModuleFunction(fn, i32(params), i32(results)).export(name);
  const builder = runtime.newHostModuleBuilder('env');
  add(builder, 'host_call', hostCall, 5, 1);
  add(builder, 'host_promise_rejection', promiseRejection, 3, 0);
  add(builder, 'host_interrupt', () => 0, 0, 1); // wazero's deadline interrupts, also where QuickJS does not ask
  add(builder, 'host_get_timezone_offset', () => 0, 2, 1); // UTC
  add(builder, 'host_module_normalize', () => 0, 2, 1); // no imports
  add(builder, 'host_module_load', () => 0, 2, 1);
  await builder.instantiate();
}
