import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { built, consumer, contract, declared, diagnostics, here, program, root, used } from './program.js';

describe('a consumer of the package', () => {
  it('compiles against the built types with the defaults of TypeScript', () => {
    const compiled = program([consumer]);
    expect(compiled.getSourceFile(built), 'the package resolves to dist/index.d.ts').toBeDefined();
    expect(diagnostics(compiled)).toEqual([]);
  });

  it('needs no library of ECMAScript beyond that of 2020', () => {
    const file = join(here, 'old.virtual.ts');
    const virtual = { [file]: `export * from '${built.replace(root, '../..').replace('.d.ts', '.js')}';` };
    const options = { target: ts.ScriptTarget.ES2020, lib: ['lib.es2020.d.ts'], types: ['node'] };
    const compiled = program([file], { virtual, options });
    expect(compiled.getSourceFile(built)).toBeDefined();
    expect(diagnostics(compiled)).toEqual([]);
  });

  it('uses every declaration and member of the contract', () => {
    const compiled = program([consumer], { packageTypes: contract });
    expect(diagnostics(compiled)).toEqual([]);
    const names = used(compiled.getSourceFile(consumer)!, compiled.getTypeChecker());
    const all = declared(compiled.getSourceFile(contract)!);
    expect(all.length).toBeGreaterThan(250);
    expect(all.filter(({ node }) => !names.has(node)).map(({ path }) => path)).toEqual([]);
  });
});

describe('the built types', () => {
  const checks = join(here, 'checks.virtual.ts');
  const source = ts.createSourceFile(contract, ts.sys.readFile(contract)!, ts.ScriptTarget.Latest, true);
  const names = declared(source).filter(({ path, node }) => !path.includes('.') && !ts.isVariableDeclarationList(node));

  it('have each exported name and each member of the contract', () => {
    const compiled = program([contract, built]);
    const checker = compiled.getTypeChecker();
    const exported = (file: string) =>
      new Map(
        checker
          .getExportsOfModule(checker.getSymbolAtLocation(compiled.getSourceFile(file)!)!)
          .map((symbol) => [symbol.name, symbol]),
      );
    const ours = exported(built);
    const missing: string[] = [];
    for (const [name, symbol] of exported(contract)) {
      if (!names.some(({ path }) => path === name)) continue; // not exported, only seen in a declaration file
      const found = ours.get(name);
      const match = found && found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
      if (!match) missing.push(name);
      else missing.push(...missingMembers(checker, symbol, match, name));
    }
    expect(missing).toEqual([]);
  });

  /** Private members make a class nominal: two declarations of it would never agree. Taken out, types are compared by structure. */
  const structural = (_file: string, text: string) =>
    text
      .replace(/#private;/g, '')
      .replace(/\b(private|protected) constructor\([^)]*\);/g, '')
      .replace(/^\s*(private|protected) [^(]*;$/gm, '');

  it.each<[string, from: string, to: string]>([
    ['are what the contract says', 'Built', 'Contract'],
    ['take what the contract says', 'Contract', 'Built'],
  ])('%s', (_name, from, to) => {
    const checksText = assignments(
      names.map(({ path, node }) => [path, node]),
      from,
      to,
    );
    const compiled = program([checks], { virtual: { [checks]: checksText }, rewrite: structural });
    const lines = checksText.split('\n');
    const problems = compiled.getSemanticDiagnostics(compiled.getSourceFile(checks)).map((diagnostic) => {
      const { line } = diagnostic.file!.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
      return `${lines[line]}\n${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`;
    });
    expect(problems).toEqual([]);
  });

  /** One assignment per type and per value. */
  function assignments(of: [string, ts.Node][], from: string, to: string): string {
    const lines = [
      `import type * as Contract from './contract.js';`,
      `import type * as Built from '${built.replace(root, '../..').replace('.d.ts', '.js')}';`,
    ];
    const one = (type: string) =>
      lines.push(`export const _${lines.length} = (x: ${from}.${type}): ${to}.${type} => x;`);
    for (const [name, node] of of) {
      if (ts.isModuleDeclaration(node)) {
        for (const type of ['InstantiateOptions', 'LogScope', 'Snapshot']) one(`${name}.${type}`);
      } else if (ts.isTypeAliasDeclaration(node) && node.typeParameters) {
        for (const types of [`[]`, `['i32']`, `readonly ['i64', 'v128', 'externref', 'funcref', 'f32']`])
          one(`${name}<${types}>`);
      } else if (!ts.isVariableDeclaration(node) && !ts.isFunctionDeclaration(node)) {
        one(name);
      }
      if (
        ts.isClassDeclaration(node) ||
        ts.isVariableDeclaration(node) ||
        ts.isFunctionDeclaration(node) ||
        ts.isModuleDeclaration(node)
      ) {
        lines.push(`export const _${lines.length} = (x: typeof ${from}.${name}): typeof ${to}.${name} => x;`);
      }
    }
    return lines.join('\n');
  }
});

function missingMembers(checker: ts.TypeChecker, wanted: ts.Symbol, has: ts.Symbol, path: string): string[] {
  const missing: string[] = [];
  const compare = (of: ts.Type, ours: ts.Type, where: string): void => {
    const names = new Set(ours.getProperties().map((property) => property.escapedName));
    for (const { escapedName, name } of of.getProperties()) {
      if (!name.includes('#') && name !== 'prototype' && !names.has(escapedName)) missing.push(`${where}.${name}`);
    }
  };
  if (wanted.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface))
    compare(checker.getDeclaredTypeOfSymbol(wanted), checker.getDeclaredTypeOfSymbol(has), path);
  if (wanted.flags & ts.SymbolFlags.Value)
    compare(checker.getTypeOfSymbol(wanted), checker.getTypeOfSymbol(has), `typeof ${path}`);
  if (wanted.flags & ts.SymbolFlags.Module) {
    const ours = checker.getExportsOfModule(has).map((symbol) => symbol.name);
    for (const symbol of checker.getExportsOfModule(wanted))
      if (!ours.includes(symbol.name)) missing.push(`${path}.${symbol.name}`);
  }
  return missing;
}
