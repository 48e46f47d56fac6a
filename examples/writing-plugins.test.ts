/** The plugins of docs/writing-plugins.md, compiled as the page says where the compiler is, and asked by the host of that page. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(root, 'docs/writing-plugins.md'), 'utf8');
const block = (language: string, after = '') => {
  const found = new RegExp(`^\`\`\`${language}${after}\\n(.*?)^\`\`\``, 'ms').exec(page);
  if (found === null) throw new Error(`no block in ${language}`);
  return found[1]!;
};
const answers = (command: string, ...args: string[]): string | undefined => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
};
const run = promisify(execFile);

const rustLibrary = answers('rustc', '--print', 'target-libdir', '--target', 'wasm32-unknown-unknown');
interface Language {
  readonly language: string;
  readonly file: string;
  /** What stands for the first word of the command in the block's first line; undefined: it is not here. */
  readonly compiler: readonly string[] | undefined;
  readonly env?: NodeJS.ProcessEnv;
}
const languages: Language[] = [
  {
    language: 'rust',
    file: 'plugin.rs',
    compiler: rustLibrary !== undefined && existsSync(rustLibrary) ? ['rustc'] : undefined,
  },
  {
    language: 'c',
    file: 'plugin.c',
    compiler:
      existsSync('/usr/include/wasm32-wasi') && answers('clang', '--version') !== undefined ? ['clang'] : undefined,
  },
  {
    language: 'go',
    file: 'plugin.go',
    compiler: answers('go', 'version') === undefined ? undefined : ['go'],
    env: { GOOS: 'wasip1', GOARCH: 'wasm', GOWORK: 'off', GOFLAGS: '' },
  },
  {
    language: 'assemblyscript',
    file: 'plugin.ts',
    compiler: [process.execPath, join(root, 'node_modules/assemblyscript/bin/asc.js')],
  },
];

describe('docs/writing-plugins.md', () => {
  for (const { language, file, compiler, env } of languages)
    it.skipIf(compiler === undefined)(`${language}: compiles, and answers`, { timeout: 300_000 }, async () => {
      const folder = join(root, 'build/docs-plugins', language); // inside the package, which the host imports by its name
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      const code = block(language);
      writeFileSync(join(folder, file), code);
      const [first] = code.split('\n');
      // "// npx asc plugin.ts -o plugin.wasm ...      (what it needs)"; variables before the command, and what runs it, are above.
      const said = first!.replace(/^\/\/!? /, '').replace(/ {2,}\(.*$/, '');
      const [, command] = /^(?:(?:\w+=\w+|npx) )*(.*)$/.exec(said)!;
      const words = [...command!.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replaceAll('"', ''));
      const [start, ...before] = compiler!;
      await run(start!, [...before, ...words.slice(1)], { cwd: folder, env: { ...process.env, ...env } });
      expect(existsSync(join(folder, 'plugin.wasm'))).toBe(true);
      const { outputText } = ts.transpileModule(block('ts', ' run'), {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      writeFileSync(join(folder, 'host.mjs'), outputText);
      const { stdout, stderr } = await run(process.execPath, ['host.mjs'], { cwd: folder });
      expect(stderr).toBe('');
      expect(stdout).toBe(block('text'));
    });
});
