import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { binding } from '../support/package.js';
import { abiVersionOf, bindingNames, findDrift, rowsOf, type Sources, upstreamOptions } from './drift.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (folder: string, suffix: RegExp) =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: folder.startsWith('native/') })
    .filter((entry) => entry.isFile() && suffix.test(entry.name) && !/_test\.go$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .filter((text) => !text.startsWith('//go:build wazero_harness')) // only tests of native/go link it
    .join('\n');
/** The module that go.mod pins, as it was downloaded: not the edited copy. */
const wazero = execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', 'github.com/tetratelabs/wazero'], {
  cwd: join(root, 'native/go'),
  encoding: 'utf8',
}).trim();

const sources: Sources = {
  header: readFileSync(join(root, 'native/abi/wazero_node.h'), 'utf8'),
  fields: readFileSync(join(root, 'native/abi/config_fields.def'), 'utf8'),
  go: textOf('native/go', /\.go$/),
  addon: textOf('native/addon', /\.(cc|h)$/),
  binding: readFileSync(join(root, 'src/native/binding.ts'), 'utf8'),
  upstream: ['config.go', 'fsconfig.go', 'experimental/sysfs/config.go', 'experimental/sock/sock.go']
    .map((file) => readFileSync(join(wazero, file), 'utf8'))
    .join('\n'),
  surface: textOf('src', /\.ts$/),
};

describe('the layers name the same things', () => {
  it('no row, export, binding, number or upstream option lacks its counterpart', () => {
    expect(findDrift(sources)).toEqual([]);
  });

  it('the addon, the header and the loaded binding have one ABI version', () => {
    expect(binding().abiVersion).toBe(abiVersionOf(sources.header));
  });

  it('every member of NativeBinding exists in the loaded addon, and nothing else does', () => {
    expect(Object.keys(binding()).sort()).toEqual(bindingNames(sources.binding).sort());
  });

  it('finds what it looks for', () => {
    expect(rowsOf(sources.fields).length).toBeGreaterThan(50);
    expect(upstreamOptions(sources.upstream).length).toBeGreaterThanOrEqual(28);
  });
});

// A check that cannot fail is worth nothing: each kind of drift, made on purpose in a copy of the texts.
describe('a counterpart that is taken away is named', () => {
  const without = (part: keyof Sources, what: string | RegExp, replacement = ''): string[] => {
    const text = sources[part].replace(what, replacement);
    if (text === sources[part]) throw new Error(`Expected ${what} in ${part} but did not find it`);
    return findDrift({ ...sources, [part]: text });
  };

  it.each<[name: string, part: keyof Sources, what: string | RegExp, replacement: string, drift: string]>([
    [
      'row',
      'fields',
      /^WZ_MODULE_ROW\(LIST, args,.*$/m,
      '',
      'ModuleRecord.args of binding.ts has no row in config_fields.def',
    ],
    [
      'row for an upstream option',
      'fields',
      /^WZ_MODULE_ROW\(LIST, args,.*$/m,
      '',
      "wazero's ModuleConfig.WithArgs has no row in config_fields.def",
    ],
    [
      'record property',
      'binding',
      'engine?: number;',
      '',
      'row RUNTIME engine is no property of RuntimeRecord in binding.ts',
    ],
    ['Go export', 'go', /^\/\/export wz_collect$/m, '', 'wz_collect of wazero_node.h is not exported by native/go'],
    [
      'declaration',
      'header',
      /^ \* void +wz_collect\(.*$/m,
      '',
      'wz_collect of native/go is not listed in wazero_node.h',
    ],
    [
      'addon function',
      'addon',
      /"collect"/g,
      '"other"',
      'NativeBinding.collect of binding.ts is not defined by native/addon',
    ],
    [
      'option of a class',
      'surface',
      /withCustomSections\(/g,
      'withOther(',
      "wazero's RuntimeConfig.WithCustomSections has no RuntimeConfig.withCustomSections",
    ],
    [
      'new upstream option',
      'upstream',
      '\tWithArgs(',
      '\tWithNovelty() ModuleConfig\n\tWithArgs(',
      "wazero's ModuleConfig.WithNovelty has no row in config_fields.def",
    ],
    ['number', 'header', 'WZ_MSG_FS = 9', 'WZ_MSG_FS = 19', 'WZ_MSG_FS is 9 in binding.ts and 19 in wazero_node.h'],
    ['number of Go', 'header', 'WZ_AT_END = 3', 'WZ_AT_END = 4', 'WZ_AT_END is 3 in native/go and 4 in wazero_node.h'],
  ])('%s', (_name, part, what, replacement, drift) => {
    expect(without(part, what, replacement)).toContain(drift);
  });
});
