// The published program in parts: what an import of the package needs, and what is read when it is first needed. V8 looks at every character of a file
// that it loads, a millisecond for 30 KB, whether anything in it is ever called.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { fail } from './tools.mjs';

/** In the order in which they are read: names of files in dist. Each imports from those before it, and reaches those after it by a function. */
const names = ['wazero', 'late', 'seldom'];
const [FIRST, LATE, SELDOM] = [0, 1, 2];
/** As the functions are called: nothing in src begins so. */
const reach = ['', '$late', '$seldom'];

/** The rooms that only a runtime needs, but for what the public classes need to be there at all. */
const rooms = /^(calls|instances|io|native|values)\//;
const early = new Set([
  'calls/lent.js',
  'calls/not-entered.js',
  'calls/thrown.js',
  'io/fields.js',
  'native/binding.js',
  'values/birth.js',
  'values/encoding.js',
  'values/errors.js',
  'values/inspect.js',
  'values/node.js',
  'values/shown.js',
  'values/uncloneable.js',
  'values/validate.js',
]);
/** What most programs never come to. */
const seldom = new Set([
  'calls/conversation.js',
  'calls/listener.js',
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
  if (seldom.has(file)) return SELDOM;
  return rooms.test(file) && !early.has(file) ? LATE : FIRST;
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
        for (const { there } of File.specifiers(node)) all.add(there);
        used.set(from, all);
      }
    }
    return used;
  }

  /** A file of an earlier part, as a later one sees it: names that do not change any more. */
  #given(number, name) {
    const used = this.#used((part) => part === number, this.#files.get(name).part).get(name);
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
    if (number < SELDOM) {
      all.push(reach[SELDOM]);
      imports.push(`import { ${reach[SELDOM]} } from '\0reach';`);
    }
    return `${imports.join('\n')}\nexport const all = { ${all.join(', ')} };`;
  }

  /**
   * What makes a function of a later part, which is given what it uses of earlier ones. In brackets: V8 takes that for a function that is called at once,
   * and does not read it twice. A program that runs for weeks may find the files of another version.
   */
  get wrapping() {
    return {
      banner: `module.exports = (function (given) {
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
    given.push(number > FIRST ? '...given' : `stamp: '${this.#stamp}'`);
    const file = `./${names[next]}.cjs`;
    // In CommonJS bundlers follow it. In ESM they take another build (package.json); for those that do not, it is where the package is installed, as the
    // binary is. Tracers of files see the URL.
    const read =
      format === 'esm'
        ? `const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
try {
  return require(process.getBuiltinModule('node:url').fileURLToPath(new URL('${file}', import.meta.url)));
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  return require('node-wazero/${names[next]}');
}`
        : `return require('${file}');`;
    lines.push(
      'let part;',
      `export const ${reach[next]} = () => (part ??= read());`,
      `function read() { return load()({ ${given.join(', ')} }); }`,
      `function load() { ${read} }`,
    );
    if (next < SELDOM) lines.push(`export const ${reach[SELDOM]} = () => ${reach[next]}().${reach[SELDOM]}();`);
    return lines.join('\n');
  }

  /** The file with a function in place of each import from a later part. */
  #changed(file) {
    const edits = [];
    const later = new Map();
    for (const { node, from } of file.links) {
      const part = this.#files.get(from)?.part ?? FIRST;
      if (part <= file.part) continue;
      const specifiers = File.specifiers(node);
      if (node.type === 'ImportDeclaration') {
        for (const { there, here } of specifiers) later.set(here, `(${reach[part]}().${there})`); // the brackets are for `new`
        edits.push({ ...node, text: '' });
      } else {
        // Of src/internal.ts, which is not for those who count milliseconds.
        const text = specifiers
          .map(({ there, here }) => `export const ${here} = ${reach[part]}().${there};`)
          .join('\n');
        edits.push({ ...node, text });
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
    const used = reach.filter((name) => name !== '' && code.includes(`${name}()`));
    return used.length === 0 ? code : `import { ${used.join(', ')} } from '\0reach';\n${code}`;
  }
}

/** The entry of a part after the first. */
export const entryOf = (number) => `\0entry:${names[number]}`;
export const laterParts = [LATE, SELDOM].map((number) => ({ number, name: names[number] }));

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
