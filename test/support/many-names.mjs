/** Modules whose few bytes a host might say at length: many names, long names, long types. */
const leb = (n) => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...leb(Math.floor(n / 128))]);
const sized = (content) => Buffer.concat([Buffer.from(leb(content.length)), content]);
const section = (id, ...parts) => Buffer.concat([Buffer.from([id]), sized(Buffer.concat(parts))]);
const each = (n, entry) => Buffer.concat([Buffer.from(leb(n)), ...Array.from({ length: n }, (_, i) => entry(i))]);
const text = (name) => sized(Buffer.from(name));
const moduleOf = (...parts) => Buffer.concat([Buffer.from('\0asm\x01\0\0\0', 'latin1'), ...parts]);
const join = (...parts) => Buffer.concat(parts.map((part) => (Array.isArray(part) ? Buffer.from(part) : part)));

/** The type of so many parameters. */
const types = (params = 0) => section(1, join([1, 0x60], leb(params), Buffer.alloc(params, 0x7f), [0]));
const functions = (n) => section(3, join(leb(n), Buffer.alloc(n)));
const bodies = (n) => section(10, join(leb(n), Buffer.alloc(3 * n, Buffer.from([2, 0, 0x0b]))));
const custom = (name, ...parts) => section(0, text(name), ...parts);
const subsection = (id, content) => join([id], sized(content));
/** Unlike any other, of so many bytes at least. */
const unique = (i, bytes = 0, fill = 'a') => i.toString(36).padEnd(bytes, fill);

export const shapes = {
  /** each of its modules once */
  importModules: (n, bytes, fill) =>
    moduleOf(
      types(),
      section(
        2,
        each(n, (i) => join(text(unique(i, bytes, fill)), text('f'), [0, 0])),
      ),
    ),
  imports: (n, bytes, fill) =>
    moduleOf(
      types(),
      section(
        2,
        each(n, (i) => join(text('m'), text(unique(i, bytes, fill)), [0, 0])),
      ),
    ),
  exports: (n, bytes, fill, params = 0) =>
    moduleOf(
      types(params),
      functions(n),
      section(
        7,
        each(n, (i) => join(text(unique(i, bytes, fill)), [0], leb(i))),
      ),
      bodies(n),
    ),
  exportsOfOne: (n, bytes, fill) =>
    moduleOf(
      types(),
      functions(1),
      section(
        7,
        each(n, (i) => join(text(unique(i, bytes, fill)), [0, 0])),
      ),
      bodies(1),
    ),
  exportsOfMemory: (n, bytes, fill) =>
    moduleOf(
      section(5, Buffer.from([1, 0, 1])),
      section(
        7,
        each(n, (i) => join(text(unique(i, bytes, fill)), [2, 0])),
      ),
    ),
  importsOfMemories: (n, exports) =>
    moduleOf(
      section(
        2,
        each(n, () => join(text('m'), text('memory'), [2, 0, 1])),
      ),
      section(
        7,
        each(exports, (i) => join(text(unique(i)), [2, 0])),
      ),
    ),
  functions: (n) => moduleOf(types(), functions(n), bodies(n)),
  customSections: (n, bytes, fill) =>
    moduleOf(Buffer.concat(Array.from({ length: n }, (_, i) => custom(unique(i, bytes, fill))))),
  customBytes: (n) => moduleOf(custom('x', Buffer.alloc(n))),
  /** said by each of so many exported functions */
  moduleName: (bytes, fill, n) =>
    Buffer.concat([shapes.exports(n), custom('name', subsection(0, text(unique(0, bytes, fill))))]),
  functionNames: (n, bytes, fill) =>
    Buffer.concat([
      shapes.functions(n),
      custom(
        'name',
        subsection(
          1,
          each(n, (i) => join(leb(i), text(unique(i, bytes, fill)))),
        ),
      ),
    ]),
};
