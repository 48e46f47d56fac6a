import { basename } from 'node:path';
import { type CompiledModule, type FunctionDefinition, Runtime, RuntimeConfig, type ValueType } from '../index.js';
import { command, during, helpFlags, output } from './command.js';
import { allFeatures } from './features.js';
import { pathOf, readBinary } from './guest.js';
import { typeOfFunction } from './inspect.js';

const tuple = (types: readonly ValueType[]) => `[${types.map((type) => `'${type}'`).join(', ')}]`;
const key = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const identifier = (path: string) => {
  const words = basename(path, '.wasm').match(/[A-Za-z0-9]+/g) ?? [];
  const name = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z]/.test(name) ? name : `Guest${name}`;
};
/** A comment can be ended by a name in it. */
const comment = (text: string) => `/** ${text.replaceAll('*/', '*\u200b/')} */`;

/** The names of its parameters where they are all known and can be, else p0, p1, ... */
function parameters({ paramTypes, paramNames }: FunctionDefinition): string {
  const usable =
    paramNames.length === paramTypes.length &&
    new Set(paramNames).size === paramNames.length &&
    paramNames.every((name) => /^[a-z_]\w*$/i.test(name) && !reserved.has(name));
  return paramTypes.map((type, i) => `${usable ? paramNames[i] : `p${i}`}: WasmTypes['${type}']`).join(', ');
}
const reserved = new Set(
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  ),
);

function declarations(path: string, compiled: CompiledModule): string {
  const name = identifier(path);
  const functions = [...compiled.exportedFunctions()];
  const modules = new Map<string, Map<string, FunctionDefinition>>();
  for (const definition of compiled.importedFunctions()) {
    const { module, name } = definition.import!;
    modules.set(module, (modules.get(module) ?? new Map()).set(name, definition));
  }
  const exported = functions.flatMap(([name, definition]) => [
    `  ${comment(typeOfFunction(definition))}`,
    `  exportedFunction(name: ${JSON.stringify(name)}): ExportedFunction<${tuple(definition.paramTypes)}, ${tuple(definition.resultTypes)}>;`,
  ]);
  const memories = [...compiled.exportedMemories().keys()].map(
    (name) => `  exportedMemory(name: ${JSON.stringify(name)}): Memory;`,
  );
  const imported = [...modules].flatMap(([module, members]) => [
    `  ${key(module)}: {`,
    ...[...members].flatMap(([name, definition]) => [
      `    ${comment(typeOfFunction(definition))}`,
      `    ${key(name)}(${parameters(definition)}): HostResult<${tuple(definition.resultTypes)}>;`,
    ]),
    '  };',
  ]);
  return [
    `// Types of ${basename(path).replaceAll(/\s/g, ' ')}, written by \`node-wazero types\`.`,
    `import type { ExportedFunction, HostResult, Memory, Module, ValueType, WasmTypes } from 'node-wazero';`,
    '',
    comment(`An instance: \`(await runtime.instantiate(bytes)) as ${name}\`.`),
    `export interface ${name} extends Module {`,
    ...exported,
    '  exportedFunction(name: string): ExportedFunction | undefined;',
    '  exportedFunction<const P extends readonly ValueType[], const R extends readonly ValueType[]>(',
    '    name: string,',
    '    params: P,',
    '    results: R,',
    '  ): ExportedFunction<P, R>;',
    ...memories,
    '  exportedMemory(name: string): Memory | undefined;',
    '}',
    '',
    comment('The functions that it imports, by module: what host modules have to have.'),
    `export interface ${name}Imports {`,
    ...imported,
    '}',
  ].join('\n');
}

async function writeTypes(_values: unknown, rest: readonly string[], usage: string): Promise<number> {
  const path = pathOf(rest, usage);
  const binary = await readBinary(path);
  await using runtime = new Runtime(RuntimeConfig.interpreter().withCoreFeatures(allFeatures));
  await using compiled = await during('error compiling wasm binary', () => runtime.compileModule(binary));
  output(declarations(path, compiled));
  return 0;
}

export const types = command({
  name: 'types',
  summary: 'Writes TypeScript declarations of what a WebAssembly binary exports and imports',
  line: '<options> <path to wasm file>',
  flags: helpFlags,
  run: writeTypes,
});
