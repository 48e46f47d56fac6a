// The published program in parts: what an import of the package needs, what a runtime does, what guests do, and what few programs come to. V8 looks at
// every character of a file that it loads, a millisecond for 30 KB, whether anything in it is ever called.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { fail } from './tools.mjs';

/** In the order in which they are read: names of files in dist. Each imports from those before it, and reaches those after it by a function. */
const names = ['wazero', 'late', 'guests', 'seldom'];
const [FIRST, LATE, GUESTS, SELDOM] = names.keys();
/** As the functions are called: nothing in src begins so. */
const reach = names.map((name) => `$${name}`);

/** What is there from the start: errors, constants, what stands for the classes; and the subpaths and the command, which are files of their own. */
const first = new Set([
  'assemblyscript.js',
  'cli.js',
  'core-features.js',
  'emscripten.js',
  'errors.js',
  'index.js',
  'internal.js',
  'package-version.js',
  'values/encoding.js',
  'values/errors.js',
  'values/node.js', // which has what a test may fake later
  'values/shown.js',
  'wasi.js',
]);
const subpaths = /^(cli|components|extism|webassembly)\//;
/** What a runtime is made with. */
const late = new Set([
  'calls/options.js',
  'compilation-cache.js',
  'instances/flatten.js',
  'instances/hooks.js',
  'instances/host-template.js',
  'instances/runtime-state.js',
  'io/fields.js',
  'native/binding.js',
  'native/load.js',
  'native/native.js',
  'native/owned.js',
  'native/process-report.js',
  'native/signals.js',
  'runtime-config.js',
  'runtime.js',
  'values/area.js',
  'values/birth.js',
  'values/ids.js',
  'values/inspect.js',
  'values/limits.js',
  'values/nanoseconds.js',
  'values/report.js',
  'values/surroundings.js',
  'values/uncloneable.js',
  'values/validate.js',
  'values/words.js',
]);
/** What most programs never come to. */
const seldom = new Set([
  'calls/conversation.js',
  'calls/listener.js',
  'experimental.js',
  'instances/freeze.js',
  'instances/image-file.js',
  'io/files.js',
  'io/input.js',
  'io/listing.js',
  'io/mount.js',
  'io/steps.js',
  'native/tenant.js',
]);
const partOf = (file) => {
  if (first.has(file) || subpaths.test(file)) return FIRST;
  if (late.has(file)) return LATE;
  return seldom.has(file) ? SELDOM : GUESTS;
};

/** A compiled file: what it imports, and from where. */
class File {
  constructor(folder, path) {
    this.path = path;
    this.name = relative(folder, path).replaceAll(sep, '/');
    this.part = partOf(this.name);
    this.code = readFileSync(path, 'utf8');
    this.body = parseAst(this.code).body;
    const from = ({ source }) => source?.value.startsWith('.') && posix.join(posix.dirname(this.name), source.value);
    /** What is exported that is declared here: statements by name. */
    this.exported = new Map(
      this.body.flatMap(({ type, declaration }) => {
        if (type !== 'ExportNamedDeclaration' || !declaration) return [];
        const all = declaration.declarations ?? [declaration];
        return all.map(({ id }) => [id.name, declaration]);
      }),
    );
    /** Statements that name another file of ours. */
    this.links = this.body.flatMap((node) => (from(node) ? [{ node, from: from(node) }] : []));
    for (const { node } of this.links)
      if (node.type === 'ExportNamedDeclaration' && node.declaration)
        fail(`${this.name}: an export that declares and names a file`);
  }

  /** Of each statement: names as they are there and as they are here. */
  static specifiers({ specifiers = [] }) {
    return specifiers.map((one) =>
      one.type === 'ImportSpecifier'
        ? { there: one.imported.name, here: one.local.name }
        : { there: one.local.name, here: one.exported.name },
    );
  }
}

export class Parts {
  #folder;
  #files = new Map();
  /** Of all files: parts of two builds do not fit. */
  #stamp;

  /** @param folder of what the TypeScript compiler made of src */
  constructor(folder) {
    this.#folder = folder;
    for (const name of readdirSync(folder, { recursive: true }))
      if (name.endsWith('.js')) {
        const file = new File(folder, join(folder, name));
        this.#files.set(file.name, file);
      }
    const hash = createHash('sha256');
    for (const { name, code } of [...this.#files.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)))
      hash.update(`${name}\0${code}\0`);
    this.#stamp = hash.digest('hex').slice(0, 16);
  }

  /** For rolldown: what builds that part. Of those after the first, `entryOf` is the entry. */
  plugin(number, format) {
    return {
      name: 'parts',
      resolveId: (source, importer) => {
        if (source.startsWith('\0')) return source;
        if (names.some((name) => source === `./${name}.cjs`)) return { id: source, external: true };
        const file = this.#files.get(posix.join(posix.dirname(this.#nameOf(importer ?? '')), source));
        return source.startsWith('.') && file && file.part < number ? `\0given:${file.name}` : null;
      },
      load: (id) => {
        if (id === '\0reach') return this.#reach(number, format);
        if (id === '\0unread') return unread;
        if (id === entryOf(number)) return this.#entry(number);
        if (id.startsWith('\0given:')) return this.#given(number, id.slice('\0given:'.length));
        return null;
      },
      transform: (_, id) => {
        const file = this.#files.get(this.#nameOf(id));
        return file?.part === number ? this.#changed(file) : null;
      },
    };
  }
  #nameOf(path) {
    return relative(this.#folder, path).replaceAll(sep, '/');
  }

  /** Names of files of part `of` that part `by` imports, by file. Those without names are there for what they do. */
  #used(by, of) {
    const used = new Map();
    for (const { part, links } of this.#files.values()) {
      if (!by(part)) continue;
      for (const { node, from } of links) {
        if (this.#files.get(from)?.part !== of) continue;
        const all = used.get(from) ?? new Set();
        const names =
          node.type === 'ExportAllDeclaration'
            ? this.#files.get(from).exported.keys()
            : File.specifiers(node).map(({ there }) => there);
        for (const there of names) all.add(there);
        used.set(from, all);
      }
    }
    return used;
  }

  /** A file of an earlier part, as a later one sees it: names that do not change any more. */
  #given(number, name) {
    const { part, exported } = this.#files.get(name);
    const used = this.#used((by) => by === number, part).get(name);
    for (const one of used)
      if (exported.get(one)?.kind === 'let') fail(`${name}: ${one} may change, and a later part would not see it`);
    return `export const { ${[...used].join(', ')} } = given['${name}'];`;
  }

  /** What a later part begins with: all that the earlier ones use of it, in one object. */
  #entry(number) {
    const used = [...this.#used((part) => part < number, number)];
    const all = used.flatMap(([, some]) => [...some]);
    const twice = all.filter((name, i) => all.indexOf(name) !== i);
    if (twice.length > 0) fail(`Expected one ${twice} in what ${names[number]} is used for`);
    const imports = used.map(
      ([name, some]) => `import { ${[...some].join(', ')} } from '${this.#files.get(name).path}';`,
    );
    const further = reach.slice(number + 1);
    all.push(...further);
    if (further.length > 0) imports.push(`import { ${further.join(', ')} } from '\0reach';`);
    return `${imports.join('\n')}\nexport const all = { ${all.join(', ')} };`;
  }

  /**
   * What makes a function of a later part, which is given what it uses of earlier ones. In brackets: V8 takes that for a function that is called at once,
   * and does not read it twice. A program that runs for weeks may find the files of another version.
   */
  get wrapping() {
    return {
      banner: `'use strict';
module.exports = (function (given) {
if (given.stamp !== '${this.#stamp}') throw given['values/errors.js'].unsupportedError('The files of node-wazero were replaced after the program had begun to read them: start it again.');
const exports = {};`,
      footer: 'return exports.all;\n});',
    };
  }

  /** The functions that read what comes after that part. */
  #reach(number, format) {
    const next = number + 1;
    const lines = [];
    const given = [];
    for (const [name] of this.#used((part) => part > number, number)) {
      lines.push(`import * as _${lines.length} from '${this.#files.get(name).path}';`);
      given.push(`'${name}': _${given.length}`);
    }
    given.push(number > FIRST ? '...given' : `stamp: '${this.#stamp}', classes, files`);
    const from = number > FIRST ? 'given.' : '';
    lines.push(
      'let part;',
      `export const ${reach[next]} = () => (part ??= read());`,
      `function read() {
  const part = ${from}files.${names[next]}()({ ${given.join(', ')} });
  ${from}classes.${names[next]}.fill(part);
  return part;
}`,
    );
    for (const further of reach.slice(next + 1))
      lines.push(`export const ${further} = () => ${reach[next]}().${further}();`);
    if (number === FIRST) {
      const all = names.slice(LATE).map((name, i) => `${name}: unreadClasses(${reach[LATE + i]})`);
      lines.push(filesOf(format));
      lines.push("import { unreadClasses } from '\0unread';", `export const classes = { ${all.join(', ')} };`);
    }
    return lines.join('\n');
  }

  /** What stands for the exports of a later part. */
  #exports({ name: by }, node, { exported }, part, of) {
    if (node.type === 'ExportAllDeclaration') {
      const members = [...exported.keys()].map((name) => `${name}: { enumerable: true, get: () => ${of(name)} }`);
      return `export const ${node.exported.name} = Object.defineProperties({}, { [Symbol.toStringTag]: { value: 'Module' }, ${members.join(', ')} });`;
    }
    const text = File.specifiers(node).map(({ there, here }) => {
      if (by === 'internal.js') return `export const ${here} = ${of(there)};`; // which is not for those who count milliseconds
      const { type, params } = exported.get(there);
      if (type === 'ClassDeclaration') return `export const ${here} = classes.${part}.of('${there}');`;
      const args = params?.map(({ name }) => name ?? fail(`${there}: Expected names as parameters`)).join(', ');
      if (type === 'FunctionDeclaration') return `export function ${here}(${args}) { return ${of(there)}(${args}); }`;
      return fail(`${by}: Expected a class or a function of a later part but received ${there}`);
    });
    return text.join('\n');
  }

  /** The file with a function in place of each import from a later part. */
  #changed(file) {
    const edits = [];
    const later = new Map();
    for (const { node, from } of file.links) {
      const part = this.#files.get(from)?.part ?? FIRST;
      if (part <= file.part) continue;
      const of = (name) => `(${reach[part]}().${name})`; // the brackets are for `new`
      if (node.type === 'ImportDeclaration') {
        if (node.specifiers.length === 0)
          fail(`${file.name} imports ${from} for what it does, which is of a later part`);
        for (const { there, here } of File.specifiers(node)) later.set(here, of(there));
        edits.push({ ...node, text: '' });
      } else {
        edits.push({ ...node, text: this.#exports(file, node, this.#files.get(from), names[part], of) });
      }
    }
    if (edits.length === 0) return null;
    const early = [];
    for (const { node, parent, key, depth } of walk({ type: 'Program', body: file.body }, 0)) {
      if (node.type !== 'Identifier' || !later.has(node.name)) continue;
      const use = useOf(parent, key);
      if (use === 'name') continue;
      if (use === 'binding') fail(`${file.name}: ${node.name} is of a later part, and the name of something else, too`);
      if (depth === 0) early.push(node.name);
      const text = later.get(node.name);
      edits.push({ ...node, text: use === 'shorthand' ? `${node.name}: ${text}` : text });
    }
    if (early.length > 0) fail(`${file.name} needs ${early} at once, which is of a later part`);
    let code = file.code;
    for (const { start, end, text } of edits.toSorted((a, b) => b.start - a.start))
      code = code.slice(0, start) + text + code.slice(end);
    const used = [...reach.slice(LATE).map((name) => `${name}()`), 'classes.'].filter((call) => code.includes(call));
    return used.length === 0
      ? code
      : `import { ${used.map((call) => call.replace(/\W+$/, '')).join(', ')} } from '\0reach';\n${code}`;
  }
}

/**
 * What reads the file of each later part. All of them are named in the first one: who copies it under another name copies what it names, too, and does
 * not look into that. In CommonJS bundlers follow it. In ESM they take another build (package.json); for those that do not, it is where the package is
 * installed, as the binary is. Tracers of files see the URL.
 */
function filesOf(format) {
  const readers = names.slice(LATE).map((name) => {
    const file = `./${name}.cjs`;
    return format === 'esm'
      ? `${name}: () => readFile(new URL('${file}', import.meta.url), 'node-wazero/${name}')`
      : `${name}: () => require('${file}')`;
  });
  const files = `const files = { ${readers.join(', ')} };`;
  return format === 'esm'
    ? `${files}
function readFile(url, installed) {
  const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
  try {
    return require(process.getBuiltinModule('node:url').fileURLToPath(url));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return require(installed);
  }
}`
    : files;
}

/** The entry of a part after the first. */
export const entryOf = (number) => `\0entry:${names[number]}`;
export const laterParts = [LATE, GUESTS, SELDOM].map((number) => ({ number, name: names[number] }));

const unread = readFileSync(new URL('unread.mjs', import.meta.url), 'utf8');

const functions = /^(Arrow)?Function(Expression|Declaration)?(Expression)?$/;
/** Every node with the one above it, and in how many functions it is. */
function* walk(node, depth, parent, key) {
  yield { node, parent, key, depth };
  if (node.type === 'ImportDeclaration') return;
  const inside = functions.test(node.type) || (node.type === 'PropertyDefinition' && !node.static) ? depth + 1 : depth;
  for (const [name, value] of Object.entries(node))
    for (const child of Array.isArray(value) ? value : [value])
      if (child && typeof child.type === 'string') yield* walk(child, name === 'key' ? depth : inside, node, name);
}

/** What an identifier is there: 'name' of a property, 'binding', 'shorthand', or 'value'. */
function useOf(parent, key) {
  switch (parent.type) {
    case 'MemberExpression':
      return key === 'property' && !parent.computed ? 'name' : 'value';
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return key === 'key' && !parent.computed ? 'name' : 'value';
    case 'Property':
      if (key === 'key' && !parent.computed) return 'name';
      return parent.shorthand ? 'shorthand' : 'value';
    case 'VariableDeclarator':
    case 'ClassDeclaration':
      return key === 'id' ? 'binding' : 'value';
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return key === 'id' || key === 'params' ? 'binding' : 'value';
    case 'AssignmentPattern':
      return key === 'left' ? 'binding' : 'value';
    case 'ArrayPattern':
    case 'RestElement':
    case 'CatchClause':
      return key === 'body' ? 'value' : 'binding';
    case 'ExportSpecifier':
      return 'binding';
    default:
      return 'value';
  }
}
