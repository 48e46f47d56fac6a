/** What is published as node-wazero/extism, and guests as Extism's kits make them, in text. */
import createPlugin, { type ExtismPluginOptions, type Plugin } from 'node-wazero/extism';
import { wat } from './wat.mjs';

export * from 'node-wazero/extism';
export { createPlugin };

/** The functions of the kernel's ABI, with their types. */
const abi: Record<string, string> = {
  alloc: '(param i64) (result i64)',
  free: '(param i64)',
  length: '(param i64) (result i64)',
  length_unsafe: '(param i64) (result i64)',
  load_u8: '(param i64) (result i32)',
  load_u64: '(param i64) (result i64)',
  store_u8: '(param i64 i32)',
  store_u64: '(param i64 i64)',
  input_set: '(param i64 i64)',
  input_length: '(result i64)',
  input_offset: '(result i64)',
  input_load_u8: '(param i64) (result i32)',
  input_load_u64: '(param i64) (result i64)',
  output_set: '(param i64 i64)',
  output_length: '(result i64)',
  output_offset: '(result i64)',
  error_set: '(param i64)',
  error_get: '(result i64)',
  config_get: '(param i64) (result i64)',
  var_get: '(param i64) (result i64)',
  var_set: '(param i64 i64)',
  http_request: '(param i64 i64) (result i64)',
  http_status_code: '(result i32)',
  http_headers: '(result i64)',
  log_trace: '(param i64)',
  log_debug: '(param i64)',
  log_info: '(param i64)',
  log_warn: '(param i64)',
  log_error: '(param i64)',
  get_log_level: '(result i32)',
  reset: '',
  memory_bytes: '(result i64)',
};
export const abiNames = Object.keys(abi);

const helpers = `
  (memory (export "memory") 2)
  (func $block (param $at i32) (param $length i32) (result i64) (local $handle i64) (local $i i32)
    (local.set $handle (call $alloc (i64.extend_i32_u (local.get $length))))
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $length))
        (then
          (call $store_u8 (i64.add (local.get $handle) (i64.extend_i32_u (local.get $i)))
            (i32.load8_u (i32.add (local.get $at) (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next))))
    (local.get $handle))
  (func $out (param $handle i64) (call $output_set (local.get $handle) (call $length (local.get $handle))))
  ;; The input as a block of its own.
  (func $in (result i64) (local $handle i64) (local $i i64)
    (local.set $handle (call $alloc (call $input_length)))
    (loop $next
      (if (i64.lt_u (local.get $i) (call $input_length))
        (then
          (call $store_u8 (i64.add (local.get $handle) (local.get $i)) (call $input_load_u8 (local.get $i)))
          (local.set $i (i64.add (local.get $i) (i64.const 1)))
          (br $next))))
    (local.get $handle))
  (func $number (param $value i64) (local $handle i64)
    (local.set $handle (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $handle) (local.get $value))
    (call $output_set (local.get $handle) (i64.const 8)))`;

/**
 * A plugin: fields in text, which may call every function of the kernel by its name, and `$block` (a block of bytes in memory), `$in` (one of
 * the input), `$out` (a block is the output), `$number` (a number is). `imports` come before all else.
 */
export function guest(fields: string, imports = ''): Uint8Array {
  const used = abiNames.map((name) => `(import "extism:host/env" "${name}" (func $${name} ${abi[name]}))`);
  return wat(`(module ${used.join('\n')} ${imports} ${helpers} ${fields})`);
}

/** A plugin of one module, that is closed whatever `use` does. */
export async function withPlugin<T>(
  data: Uint8Array,
  options: ExtismPluginOptions,
  use: (plugin: Plugin) => T | Promise<T>,
): Promise<T> {
  const plugin = await createPlugin({ wasm: [{ data }] }, options);
  try {
    return await use(plugin);
  } finally {
    await plugin.close();
  }
}

/** A logger that keeps what it is given. */
export function recorder(): { logger: Console; lines: string[] } {
  const lines: string[] = [];
  const log = (level: string) => (text: string) => void lines.push(`${level}: ${text}`);
  const levels = ['trace', 'debug', 'info', 'warn', 'error'];
  return { logger: Object.fromEntries(levels.map((level) => [level, log(level)])) as unknown as Console, lines };
}
