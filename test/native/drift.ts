import ts from 'typescript';

/** The texts that must agree, by role; each may be several files joined. */
export interface Sources {
  header: string;
  fields: string;
  go: string;
  addon: string;
  binding: string;
  /** wazero's own, as the module cache has it */ upstream: string;
  /** what the package offers: src/*.ts */ surface: string;
}

/** Every row, export, binding or option that lacks its counterpart, each as one sentence; [] when all agree. */
export function findDrift(sources: Sources): string[] {
  return [
    ...fieldDrift(sources),
    ...exportDrift(sources),
    ...bindingDrift(sources),
    ...upstreamDrift(sources),
    ...numberDrift(sources),
  ];
}

// ---------------------------------------------------------------- config_fields.def <-> binding.ts <-> native/go
interface Row {
  table: string;
  kind: string;
  field: string;
  js: string;
  upstream: string[];
}
export function rowsOf(fields: string): Row[] {
  return [...fields.matchAll(/^WZ_([A-Z]+)_ROW\((\w+),\s*(\w+),\s*(\w+),\s*"([^"]*)"\)/gm)].map(
    ([, table, kind, field, js, upstream]) => ({
      table: table!,
      kind: kind!,
      field: field!,
      js: js!,
      upstream: upstream!.split(','),
    }),
  );
}
const recordOf: Record<string, string> = {
  RUNTIME: 'RuntimeRecord',
  MODULE: 'ModuleRecord',
  MOUNT: 'MountRecord',
  IMPORT: 'ImportRecord',
};

function fieldDrift({ fields, binding, go }: Sources): string[] {
  const rows = rowsOf(fields);
  const drift: string[] = [];
  for (const [table, record] of Object.entries(recordOf)) {
    const ofTable = rows.filter((row) => row.table === table);
    const properties = membersOf(binding, record);
    for (const { js } of ofTable)
      if (!properties.includes(js)) drift.push(`row ${table} ${js} is no property of ${record} in binding.ts`);
    for (const name of properties)
      if (!ofTable.some(({ js }) => js === name))
        drift.push(`${record}.${name} of binding.ts has no row in config_fields.def`);
    // cgo gives a field that is a Go keyword an underscore
    for (const { field } of ofTable)
      if (!new RegExp(`\\._?${field}\\b`).test(go)) drift.push(`row ${table} ${field} is not read in native/go`);
  }
  return drift;
}

// ---------------------------------------------------------------- the header's list <-> //export of Go <-> calls of the addon
const exportsOfHeader = (header: string) =>
  [...header.matchAll(/^ \* (?:void|uint32_t|uint64_t)\s+(wz_\w+)\(/gm)].map(([, name]) => name!);
const exportsOfGo = (go: string) => [...go.matchAll(/^\/\/export (\w+)/gm)].map(([, name]) => name!);

function exportDrift({ header, go, addon }: Sources): string[] {
  const listed = exportsOfHeader(header);
  const exported = exportsOfGo(go);
  return [
    ...listed
      .filter((name) => !exported.includes(name))
      .map((name) => `${name} of wazero_node.h is not exported by native/go`),
    ...exported
      .filter((name) => !listed.includes(name))
      .map((name) => `${name} of native/go is not listed in wazero_node.h`),
    ...listed
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(addon))
      .map((name) => `${name} of wazero_node.h is not called by native/addon`),
  ];
}

// ---------------------------------------------------------------- NativeBinding <-> what the addon registers
export function bindingNames(binding: string): string[] {
  return membersOf(binding, 'NativeBinding');
}
function bindingDrift({ binding, addon }: Sources): string[] {
  return bindingNames(binding)
    .filter((name) => !addon.includes(`"${name}"`))
    .map((name) => `NativeBinding.${name} of binding.ts is not defined by native/addon`);
}

// ---------------------------------------------------------------- wazero's With... <-> rows and package
const interfaces: [file: RegExp, name: string, className: string][] = [
  [/package wazero\b/, 'RuntimeConfig', 'RuntimeConfig'],
  [/package wazero\b/, 'ModuleConfig', 'ModuleConfig'],
  [/package wazero\b/, 'FSConfig', 'FSConfig'],
  [/package sysfs\b/, 'FSConfig', 'FSConfig'],
  [/package sock\b/, 'Config', 'SockConfig'],
];

export function upstreamOptions(upstream: string): { className: string; option: string }[] {
  const files = upstream.split(/^(?=package )/m);
  return interfaces.flatMap(([file, name, className]) => {
    const bodies = files
      .filter((text) => file.test(text))
      .flatMap((text) =>
        [...text.matchAll(new RegExp(`^type ${name} interface \\{\\n([\\s\\S]*?)^\\}`, 'gm'))].map(([, body]) => body!),
      );
    if (bodies.length === 0) throw new Error(`Expected wazero's interface ${name} but it was not found`);
    return bodies.flatMap((body) =>
      [...body.matchAll(/^\t(With\w+)\(/gm)].map(([, option]) => ({ className, option: option! })),
    );
  });
}

function upstreamDrift({ fields, upstream, surface }: Sources): string[] {
  const reached = new Set(rowsOf(fields).flatMap((row) => row.upstream));
  const drift: string[] = [];
  const options = upstreamOptions(upstream);
  for (const { className, option } of options) {
    if (option !== 'WithSockConfig' && !reached.has(option))
      drift.push(`wazero's ${className}.${option} has no row in config_fields.def`);
    const ours = option[0]!.toLowerCase() + option.slice(1);
    if (!classMembersOf(surface, className).includes(ours))
      drift.push(`wazero's ${className}.${option} has no ${className}.${ours}`);
  }
  const known = new Set([...options.map(({ option }) => option), 'NewRuntimeConfig', 'WithImportResolver', '-']);
  for (const name of reached)
    if (!known.has(name)) drift.push(`config_fields.def names ${name}, which wazero does not have`);
  return drift;
}

// ---------------------------------------------------------------- the numbers of the header <-> binding.ts, package abi
const groups: [constant: string, prefix: string][] = [
  ['LANE', 'WZ_LANE_'],
  ['STOP', 'WZ_STOP_'],
  ['REPLY', 'WZ_REPLY_'],
  ['MSG', 'WZ_MSG_'],
  ['WARNING', 'WZ_WARNING_'],
  ['FS', 'WZ_FS_'],
  ['OPEN', 'WZ_OPEN_'],
  ['ENGINE', 'WZ_ENGINE_'],
  ['SINK', 'WZ_SINK_'],
  ['SOURCE', 'WZ_SOURCE_'],
  ['CLOCK', 'WZ_CLOCK_'],
  ['RAND', 'WZ_RAND_'],
  ['MOUNT', 'WZ_MOUNT_'],
];

function numberDrift({ header, binding, go }: Sources): string[] {
  const drift: string[] = [];
  const ours = new Map<string, number>();
  for (const [constant, prefix] of groups) {
    const body = new RegExp(`export const ${constant} = \\{([^}]*)\\} as const`).exec(binding)?.[1];
    if (body === undefined) drift.push(`${constant} is missing in binding.ts`);
    for (const [, name, value] of (body ?? '').matchAll(/(\w+): (\d+)/g)) {
      ours.set(prefix + name!.replace(/[A-Z]/g, '_$&').toUpperCase(), Number(value));
    }
  }
  const theirs = new Map<string, number>();
  for (const [, name, value] of header.matchAll(/\b(WZ_[A-Z_0-9]+) = (\d+)/g)) theirs.set(name!, Number(value));
  for (const [name, value] of ours)
    if (theirs.get(name) !== value)
      drift.push(`${name} is ${value} in binding.ts and ${theirs.get(name)} in wazero_node.h`);
  for (const name of theirs.keys()) {
    if (!ours.has(name) && groups.some(([, prefix]) => name.startsWith(prefix)))
      drift.push(`${name} of wazero_node.h is missing in binding.ts`);
  }
  // package abi: Name = 1 // WZ_NAME
  for (const [, value, name] of go.matchAll(/^\t\w+ += (\d+) +\/\/ (WZ_\w+)$/gm))
    if (theirs.get(name!) !== Number(value))
      drift.push(`${name} is ${value} in native/go and ${theirs.get(name!)} in wazero_node.h`);
  return drift;
}

export function abiVersionOf(header: string): number {
  return Number(/#define WZ_ABI_VERSION (\d+)u/.exec(header)?.[1]);
}

// ---------------------------------------------------------------- TypeScript, parsed
function declarationsOf(text: string, name: string): (ts.InterfaceDeclaration | ts.ClassDeclaration)[] {
  const file = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest);
  const found: (ts.InterfaceDeclaration | ts.ClassDeclaration)[] = [];
  for (const statement of file.statements) {
    if ((ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name?.text === name)
      found.push(statement);
  }
  return found;
}
const namesOf = (members: ts.NodeArray<ts.TypeElement | ts.ClassElement>) =>
  members.flatMap((member) => (member.name && ts.isIdentifier(member.name) ? [member.name.text] : []));

function membersOf(text: string, name: string): string[] {
  const declarations = declarationsOf(text, name);
  if (declarations.length === 0) throw new Error(`Expected a declaration of ${name} but found none`);
  return declarations.flatMap((declaration) => namesOf(declaration.members));
}
function classMembersOf(text: string, name: string): string[] {
  return declarationsOf(text, name)
    .filter(ts.isClassDeclaration)
    .flatMap((declaration) => namesOf(declaration.members));
}
