/** Most names of a list that are shown, and most characters of one: they are a stranger's. */
const mostNames = 20;
const mostCharacters = 60;
const custom = Symbol.for('nodejs.util.inspect.custom');

type Inspect = (value: unknown, options: object) => string;

/**
 * What console.log and util.inspect show of the instances of a class: without it, `Module {}`. Not a member that TypeScript knows, and never
 * an error: it is looked at where something has gone wrong already.
 */
export function inspectedAs<T extends object>(name: string, prototype: T, describe: (value: T) => object): void {
  Object.defineProperty(prototype, custom, {
    configurable: true,
    value(this: T, depth: number, options: { readonly depth?: number | null }, inspect: Inspect) {
      if (depth < 0) return `[${name}]`;
      try {
        const left = options.depth == null ? options.depth : options.depth - 1;
        return `${name} ${inspect(describe(this), { ...options, depth: left })}`;
      } catch {
        return `${name} {}`; // the prototype itself
      }
    },
  });
}

/** The first of the names, shortened, and how many there are besides. inspect escapes what a terminal would obey. */
export function shownNames(names: Iterable<string>, count: number): string[] {
  const shown: string[] = [];
  for (const name of names) {
    if (shown.length === mostNames) break;
    shown.push(shownName(name));
  }
  if (count > shown.length) shown.push(`... ${count - shown.length} more`);
  return shown;
}
export function shownName(name: string): string {
  return name.length > mostCharacters ? `${name.slice(0, mostCharacters)}...` : name;
}

/** Of what may be closed or busy: then the code says so. */
export function shownOr<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    return String((error as { code?: unknown }).code ?? 'unknown');
  }
}
