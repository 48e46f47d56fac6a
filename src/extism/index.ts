import { CAPABILITIES } from './capabilities.js';
import { ExtismError } from './errors.js';
import { makePlugin } from './plugin.js';
import type { ExtismPluginOptions, ManifestLike, Plugin } from './types.js';

export type { Capabilities } from './capabilities.js';
export type { CallContext, CallContext as CurrentPlugin } from './context.js';
export type { ExtismErrorCode } from './errors.js';
export type { LogLevel } from './log-level.js';
export type { PluginOutput } from './output.js';
export type {
  ExtismPluginOptions,
  FunctionName,
  HostFunction,
  ImportExportKind,
  Manifest,
  ManifestLike,
  ManifestOptions,
  ManifestWasm,
  ManifestWasmData,
  ManifestWasmModule,
  ManifestWasmPath,
  ManifestWasmResponse,
  ManifestWasmUrl,
  MemoryOptions,
  ModuleExportDescriptor,
  ModuleImportDescriptor,
  NativeManifestOptions,
  Plugin,
  PluginCallOptions,
  PluginConfig,
  PluginConfigLike,
} from './types.js';

/**
 * Makes a plugin of Extism's kits: bytes in, bytes out.
 *
 * ```ts
 * await using plugin = await createPlugin('count_vowels.wasm', { useWasi: true, timeoutMs: 1000 });
 * const output = await plugin.call('count_vowels', 'Hello, world');
 * console.log(output?.json());
 * ```
 *
 * Close it when you are done; an idle one does not keep the process alive.
 *
 * Rejects with ExtismError or TypeError for what is wrong with the manifest; with CompileError, LinkError, Trap, ExitError or LimitError of
 * the engine; with what fetching and reading reject with.
 *
 * @param manifest see ManifestLike
 * @param options what is not given comes from the manifest, or is the default
 */
export function createPlugin(
  manifest: ManifestLike | PromiseLike<ManifestLike>,
  options: ExtismPluginOptions = {},
): Promise<Plugin> {
  return makePlugin(manifest, options);
}
// What require gives is the function itself, with the rest beside it: so is js-sdk's.
Object.assign(createPlugin, {
  createPlugin,
  newPlugin: createPlugin,
  default: createPlugin,
  CAPABILITIES,
  ExtismError,
});

export {
  CAPABILITIES,
  createPlugin as default,
  createPlugin as 'module.exports',
  createPlugin as newPlugin,
  ExtismError,
};
