import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every package that a program can import from wazero, by its path. */
export const packages = [
  '',
  'api',
  'experimental',
  'experimental/logging',
  'experimental/sock',
  'experimental/sys',
  'experimental/sysfs',
  'experimental/table',
  'experimental/wazerotest',
  'imports/assemblyscript',
  'imports/emscripten',
  'imports/wasi_snapshot_preview1',
  'sys',
];

/** What a package exports: functions, types, constants and variables as `Name`, methods of interfaces as `Interface.Method`. */
export function exportsOf(wazero: string, path: string): string[] {
  const names = new Set<string>();
  for (const file of readdirSync(join(wazero, path))) {
    if (!file.endsWith('.go') || /_test\.go$|_windows\.go$|_unsupported\.go$/.test(file)) continue;
    const text = readFileSync(join(wazero, path, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [, name] of text.matchAll(/^func ([A-Z]\w*)[([]/gm)) names.add(name!);
    for (const [, name] of text.matchAll(/^(?:type|const|var) ([A-Z]\w*)/gm)) names.add(name!);
    for (const [, , body] of text.matchAll(/^(const|var|type) \(\n([\s\S]*?)^\)/gm))
      for (const [, list] of body!.matchAll(/^\t([A-Z]\w*(?:, [A-Z]\w*)*)/gm))
        for (const name of list!.split(', ')) names.add(name);
    for (const [, type, body] of text.matchAll(/^type ([A-Z]\w*) interface \{\n([\s\S]*?)^\}/gm))
      for (const [, method] of body!.matchAll(/^\t([A-Z]\w*)\(/gm)) names.add(`${type}.${method}`);
  }
  return [...names].sort();
}
