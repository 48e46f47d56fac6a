import { CoreFeatures, type FunctionDefinition, type MemoryDefinition, Runtime, RuntimeConfig } from '../index.js';
import { shown, shownJSON } from '../values/shown.js';
import { command, helpFlags, messageOf, output } from './command.js';
import { allFeatures, featureFlags, features, withFeatures, wordOf } from './features.js';
import type { Flags, FlagValues } from './flags.js';
import { pathOf, readBinary } from './guest.js';
import { type Section, sectionsOf } from './sections.js';

const flags = {
  ...featureFlags,
  ...helpFlags,
  json: { kind: 'bool', help: 'Prints it as JSON.' },
} as const satisfies Flags;
const { V2 } = CoreFeatures;

interface Item {
  readonly kind: string;
  /** module.name of an import, the name of an export. */
  readonly name: string;
  /** `(i32, i32) -> i32` of a function, `1 page, at most 2` of a memory. */
  readonly type?: string;
}
interface Report {
  readonly path: string;
  readonly byteLength: number;
  readonly name?: string;
  readonly sections: readonly Section[];
  readonly imports: readonly Item[];
  readonly exports: readonly Item[];
  /** Which CoreFeatures it does not load without; absent where it loads with none of them either. */
  readonly features?: readonly string[];
  /** With the default configuration, or the features that were named. */
  readonly loads: boolean;
  readonly why?: string;
}

export const typeOfFunction = ({ paramTypes, resultTypes }: FunctionDefinition) =>
  `(${paramTypes.join(', ')}) -> ${resultTypes.length === 1 ? resultTypes[0] : `(${resultTypes.join(', ')})`}`;
const typeOfMemory = ({ min, max }: MemoryDefinition) =>
  `${min} ${min === 1 ? 'page' : 'pages'}${max === undefined ? '' : `, at most ${max}`}`;

interface V8Item {
  readonly kind: string;
  readonly module?: string;
  readonly name: string;
}
/** V8's, which TypeScript knows only among the types of browsers. */
const { WebAssembly: v8 } = globalThis as unknown as {
  WebAssembly?: {
    Module: { new (binary: Uint8Array): object; imports(m: object): V8Item[]; exports(m: object): V8Item[] };
  };
};

/** What it imports and exports: functions and memories with their types, the other kinds by name, from V8. */
function itemsOf(binary: Buffer, compiled: CompiledDescription | undefined): Pick<Report, 'imports' | 'exports'> {
  const listed: { imports: V8Item[]; exports: V8Item[] } = { imports: [], exports: [] };
  try {
    if (v8) {
      const module = new v8.Module(binary);
      Object.assign(listed, { imports: v8.Module.imports(module), exports: v8.Module.exports(module) });
    }
  } catch {
    // V8 does not take it
  }
  const rest = (items: readonly V8Item[]): Item[] =>
    items
      .filter(({ kind }) => !compiled || !['function', 'memory'].includes(kind))
      .map(({ kind, module, name }) => ({ kind, name: module === undefined ? name : `${module}.${name}` }));
  return {
    imports: [...(compiled?.imports ?? []), ...rest(listed.imports)],
    exports: [...(compiled?.exports ?? []), ...rest(listed.exports)],
  };
}

interface CompiledDescription {
  readonly name: string;
  readonly imports: readonly Item[];
  readonly exports: readonly Item[];
}

/** The interpreter: it validates as the compiler does, in a fraction of the time. */
async function compileWith(binary: Buffer, coreFeatures: bigint): Promise<CompiledDescription> {
  await using runtime = new Runtime(RuntimeConfig.interpreter().withCoreFeatures(coreFeatures));
  await using compiled = await runtime.compileModule(binary);
  const from = (definition: { readonly import?: { readonly module: string; readonly name: string } }) =>
    `${definition.import?.module}.${definition.import?.name}`;
  const functionItem = (name: string, definition: FunctionDefinition) => ({
    kind: 'function',
    name,
    type: typeOfFunction(definition),
  });
  const memoryItem = (name: string, definition: MemoryDefinition) => ({
    kind: 'memory',
    name,
    type: typeOfMemory(definition),
  });
  return {
    name: compiled.name,
    imports: [
      ...compiled.importedFunctions().map((definition) => functionItem(from(definition), definition)),
      ...compiled.importedMemories().map((definition) => memoryItem(from(definition), definition)),
    ],
    exports: [
      ...[...compiled.exportedFunctions()].map(([name, definition]) => functionItem(name, definition)),
      ...[...compiled.exportedMemories()].map(([name, definition]) => memoryItem(name, definition)),
    ],
  };
}

/** Those that it does not load without. Two go together, so that leaving out one leaves out both. */
async function neededFeatures(binary: Buffer): Promise<string[]> {
  const needed: string[] = [];
  for (const [name, flag] of features) {
    const without =
      flag === CoreFeatures.BulkMemoryOperations || flag === CoreFeatures.ReferenceTypes
        ? CoreFeatures.BulkMemoryOperations | CoreFeatures.ReferenceTypes
        : flag;
    await compileWith(binary, allFeatures & ~without).catch(() => needed.push(name));
  }
  return needed;
}

async function report(path: string, allowed: bigint): Promise<Report> {
  const binary = await readBinary(path);
  const sections = sectionsOf(binary);
  const [withAll] = await Promise.allSettled([compileWith(binary, allFeatures)]);
  const [asAllowed] = await Promise.allSettled([compileWith(binary, allowed)]);
  const described = withAll.status === 'fulfilled' ? withAll.value : undefined;
  return {
    path,
    byteLength: binary.byteLength,
    ...(described && { name: described.name }),
    sections,
    ...itemsOf(binary, described),
    ...(described && { features: await neededFeatures(binary) }),
    loads: asAllowed.status === 'fulfilled',
    ...(asAllowed.status === 'rejected' && { why: messageOf(asAllowed.reason) }),
  };
}

function text(report: Report, allowed: bigint): string {
  const items = (title: string, list: readonly Item[]) =>
    list.length === 0
      ? []
      : [`${title}:`, ...list.map(({ kind, name, type }) => `  ${kind} ${shown(name)}${type ? `: ${type}` : ''}`)];
  const count = (bytes: number) => `${bytes.toLocaleString('en')} bytes`;
  const off = features.filter(([name, flag]) => report.features?.includes(name) && (flag & V2) === 0n);
  const hint = off.map(([name]) => ` | CoreFeatures.${name}`).join('');
  const words = off.map(([name]) => wordOf(name)).join(',');
  const lacks = off.some(([, flag]) => (flag & allowed) === 0n);
  return [
    `${report.path}: ${count(report.byteLength)}${report.name ? `, module "${shown(report.name)}"` : ''}`,
    'sections:',
    ...report.sections.map(
      ({ name, custom, byteLength }) => `  ${custom ? `custom "${shown(name)}"` : name}: ${count(byteLength)}`,
    ),
    ...items('imports', report.imports),
    ...items('exports', report.exports),
    ...(report.features ? [`needs: ${report.features.join(', ') || 'nothing beyond WebAssembly 1.0'}`] : []),
    `loads: ${report.loads ? 'yes' : `no, ${report.why}${lacks ? ` (on the command line: -features ${words})` : ''}`}`,
    ...(lacks && !report.loads ? [`  it would with withCoreFeatures(CoreFeatures.V2${hint})`] : []),
  ].join('\n');
}

async function inspectModule(
  values: FlagValues<typeof flags>,
  rest: readonly string[],
  usage: string,
): Promise<number> {
  const allowed = withFeatures(values.features);
  const found = await report(pathOf(rest, usage), allowed);
  output(values.json ? shownJSON(JSON.stringify(found)) : text(found, allowed));
  return found.loads ? 0 : 1;
}

export const inspect = command({
  name: 'inspect',
  summary: 'Lists what is in a WebAssembly binary, and says whether it loads here',
  line: '<options> <path to wasm file>',
  flags,
  run: inspectModule,
});
