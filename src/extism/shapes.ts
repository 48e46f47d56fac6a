import { manifestError } from './errors.js';
import type { ExtismPluginOptions, NativeManifestOptions } from './types.js';

const kindOf = (value: unknown): string =>
  Number.isNaN(value) ? 'NaN' : Array.isArray(value) ? 'an array' : typeof value;

/** A limit of a wrong kind would be none without a word: `NaN > limit` is false, and so is `10 > 'ten'`. What is not given, empty or 0 is none, as in js-sdk. */
function number(value: unknown, name: string, whole: boolean): void {
  if (value === undefined || value === null) return;
  if (typeof value === 'number' && value >= 0 && (!whole || value === Infinity || Number.isInteger(value))) return;
  const shown = typeof value === 'number' ? String(value) : kindOf(value);
  throw manifestError(`Expected a ${whole ? 'whole ' : ''}number from 0 for ${name} but received ${shown}`);
}
export const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
function record(value: unknown, name: string): void {
  if (value && !isRecord(value)) throw manifestError(`Expected an object for ${name} but received ${kindOf(value)}`);
}
function text(value: unknown, name: string): void {
  if (typeof value !== 'string') throw manifestError(`Expected text for ${name} but received ${kindOf(value)}`);
}
function callable(value: unknown, name: string): void {
  if (value !== undefined && value !== null && typeof value !== 'function')
    throw manifestError(`Expected a function for ${name} but received ${kindOf(value)}`);
}

/** @param of 'manifest' or 'options', as it stands in messages */
export function checkShapes(of: string, given: NativeManifestOptions): void {
  const { timeoutMs, memory, allowedHosts, allowedPaths, config } = given;
  number(timeoutMs, `${of}.timeoutMs`, false);
  record(memory, `${of}.memory`);
  for (const name of ['maxPages', 'maxHttpResponseBytes', 'maxVarBytes'] as const)
    number(memory?.[name], `${of}.memory.${name}`, true);
  if (allowedHosts) {
    if (!Array.isArray(allowedHosts))
      throw manifestError(`Expected an array for ${of}.allowedHosts but received ${kindOf(allowedHosts)}`);
    for (const [i, host] of allowedHosts.entries()) text(host, `${of}.allowedHosts[${i}]`);
  }
  record(allowedPaths, `${of}.allowedPaths`);
  for (const [guest, path] of Object.entries(allowedPaths || {})) text(path, `${of}.allowedPaths["${guest}"]`);
  record(config, `${of}.config`);
}
export function checkOptions(options: ExtismPluginOptions): void {
  if (typeof options !== 'object' || options === null)
    throw manifestError(`Expected an object for options but received ${kindOf(options)}`);
  checkShapes('options', options);
  callable(options.fetch, 'options.fetch');
  record(options.functions, 'options.functions');
  if (options.cacheDir !== undefined) text(options.cacheDir, 'options.cacheDir');
}
