import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileFunction, constants } from 'node:vm';
import { createWebAssembly, type WebAssemblyOptions } from '../webassembly/index.js';

export type { WebAssemblyOptions };

/** What `jco transpile --instantiation` wrote, compiled. */
export interface Component<Exports = any, Imports = any> extends AsyncDisposable {
  /**
   * A fresh instance, whose exports it gives: what jco's declarations call Root. After a trap or a deadline it is of no use any more; make
   * another, which is cheap.
   *
   * @param imports by interface, as jco's declarations have them; default: none
   * @throws WebAssembly.RuntimeError where instantiation traps or takes longer than `timeoutMs`, WebAssembly.LinkError
   */
  instantiate(imports?: Imports): Promise<Exports>;
  /** Closes all instances and what was compiled. */
  close(): Promise<void>;
}

type Instantiate = (
  getCoreModule: (path: string) => object,
  imports: unknown,
  instantiateCore: (module: object, imports: object) => object,
) => unknown;

/**
 * Loads what jco has made of a component: JavaScript, and core modules beside it. The JavaScript runs with the rights of your program, as all
 * of yours does; the core modules run in wazero.
 *
 * ```ts
 * await using component = await loadComponent('./out/plugin.js', { timeoutMs: 1000, limits: { memoryPages: 256 }, cache: './machine-code' });
 * const { print } = await component.instantiate({ 'shop:receipt/prices': { of: (item: string) => prices.get(item) } });
 * ```
 *
 * @param file the JavaScript that `jco transpile --instantiation` wrote (`sync` or `async`), as a path or a URL of a file
 * @param options as of createWebAssembly: each call from outside into a core module may take `timeoutMs`, compiling as long as it takes unless
 *   `compileTimeoutMs` says otherwise
 * @throws TypeError where the file is none of jco's, or was made without `--instantiation`; what reading and compiling throws
 */
export async function loadComponent<Exports = any, Imports = any>(
  file: string | URL,
  options: WebAssemblyOptions = {},
): Promise<Component<Exports, Imports>> {
  const path = file instanceof URL ? fileURLToPath(file) : file;
  if (typeof path !== 'string') throw new TypeError('Expected a path or a URL for file');
  const WebAssembly = createWebAssembly({ compileTimeoutMs: Infinity, ...options });
  const close = () => WebAssembly[Symbol.asyncDispose]();
  try {
    const text = await readFile(path, 'utf8');
    const instantiate = evaluated(text, path, WebAssembly);
    const modules = new Map<string, object>();
    // One after another: each is compiled by all cores.
    for (const [, name] of text.matchAll(/\bgetCoreModule\('([^'\\]+)'\)/g))
      modules.set(name as string, await WebAssembly.compile(await readFile(join(dirname(path), name as string))));
    return {
      instantiate: async (imports) =>
        (await instantiate(
          (name) => modules.get(name) as object,
          imports ?? {},
          (module, given) => new WebAssembly.Instance(module as never, given as never),
        )) as Exports,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * jco takes the core modules and how they are instantiated as parameters, but makes globals, suspending functions and errors with the
 * `WebAssembly` that it finds: it finds ours. The text keeps its lines and columns less one word, and its name in stack traces.
 */
function evaluated(text: string, path: string, WebAssembly: object): Instantiate {
  const exported = /^export (?=function instantiate\()/m;
  if (!exported.test(text) || /^import\b/m.test(text))
    throw new TypeError(`Expected what jco transpile --instantiation writes but received ${path}`);
  // Where core modules are is asked of the module's URL only when nobody says.
  const plain = text.replace(/^export (?=function |const )/gm, '').replaceAll('import.meta.url', "''");
  const body = `${plain}\nreturn instantiate;`;
  const own = Object.create(globalThis, { WebAssembly: { value: WebAssembly } });
  const made = compileFunction(`'use strict'; ${body}`, ['WebAssembly', 'globalThis'], {
    filename: path,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return made(WebAssembly, own) as Instantiate;
}
