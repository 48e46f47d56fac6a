// Every block of code in the README and in docs/ is compiled, as TypeScript has it with the types that users get. A block marked `run` is run
// too: with the modules of the page's ```wat blocks beside it, and what it prints is the ```text block that follows.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import * as exported from '../test/support/package.js';
import { wat } from '../test/support/wat.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = join(root, 'build/docs'); // inside the package, so that it can import it by its name

interface Block {
  readonly language: string;
  /** What follows the language. */
  readonly word: string;
  readonly text: string;
}
interface Page {
  readonly path: string;
  readonly name: string;
  readonly blocks: readonly Block[];
}

const pages: Page[] = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
]
  .filter((path) => path.endsWith('.md'))
  .map((path) => {
    const fences = readFileSync(join(root, path), 'utf8').matchAll(/^```(\w*) ?(.*)\n((?:.*\n)*?)^```$/gm);
    const blocks = [...fences].map(([, language, word, text]) => ({ language: language!, word: word!, text: text! }));
    return { path, name: path.replaceAll('/', '-').replace('.md', ''), blocks };
  });

const isCode = ({ language }: Block) => language === 'ts' || language === 'js';
/** What a block may speak of without having made it: all that the package exports, and these. */
const given = `
  ${Object.entries(exported)
    .map(([name, value]) =>
      [
        `declare const ${name}: typeof import('node-wazero').${name};`,
        ...(Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false // a class
          ? [`type ${name} = import('node-wazero').${name};`]
          : []),
      ].join('\n  '),
    )
    .join('\n  ')}
  declare const runtime: Runtime;
  declare const compiled: CompiledModule;
  declare const plugin: Module;
  declare const builder: import('node-wazero').HostFunctionBuilder;
  declare const bytes: Uint8Array;
  declare const database: { get(key: string): Promise<unknown> };
`;

beforeAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  for (const { name, blocks } of pages) {
    mkdirSync(join(scratch, name), { recursive: true });
    for (const { language, word, text } of blocks)
      if (language === 'wat') writeFileSync(join(scratch, name, word), wat(text));
  }
});

it('every block of code compiles', { timeout: 120_000 }, () => {
  const files = new Map<string, string>([[join(scratch, 'given.d.ts'), given]]);
  for (const { name, blocks } of pages)
    for (const [i, block] of blocks.entries())
      if (isCode(block))
        files.set(
          join(scratch, name, `block${i}.${block.language === 'ts' ? 'mts' : 'mjs'}`),
          `${block.text}\nexport {};`,
        );
  expect(files.size).toBeGreaterThan(20);
  for (const [path, text] of files) writeFileSync(path, text);
  const program = ts.createProgram([...files.keys()], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.esnext.d.ts'],
    types: ['node'],
    strict: true,
    noImplicitAny: true,
    allowJs: true,
    checkJs: true,
    noEmit: true,
    skipLibCheck: true,
  });
  const diagnostics = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file, code }) => !((file?.fileName.endsWith('.mjs') && code === 7006) /* parameters without types */));
  expect(ts.formatDiagnostics(diagnostics, ts.createCompilerHost({}))).toBe('');
});

it('the reference of the API is built without a warning', { timeout: 120_000 }, async () => {
  const typedoc = join(root, 'node_modules/typedoc/bin/typedoc');
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [typedoc, '--emit', 'none'], {
    cwd: root,
    timeout: 110_000,
  });
  expect(stdout + stderr).not.toMatch(/warning|error/);
});

describe.each(pages.filter(({ blocks }) => blocks.some(({ word }) => word === 'run')))('$path', ({ name, blocks }) => {
  for (const [i, block] of blocks.entries()) {
    if (block.word !== 'run') continue;
    it(`block ${i} runs and prints what is said`, { timeout: 60_000 }, async () => {
      const { outputText } = ts.transpileModule(block.text, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      const path = join(scratch, name, `run${i}.mjs`);
      writeFileSync(path, outputText);
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [path], {
        cwd: join(scratch, name),
        timeout: 50_000,
      });
      expect(stderr).toBe('');
      const expected = blocks[i + 1];
      expect(expected?.language, 'a block that runs is followed by what it prints').toBe('text');
      expect(stdout).toBe(expected?.text);
    });
  }
});
