import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = resolve(here, '../..');
export const contract = join(here, 'contract.d.ts');
export const consumer = join(here, 'consumer.ts');
export const built = join(root, 'dist/index.d.ts');

/** TypeScript's defaults in NodeNext: what a stranger's project has. skipLibCheck is off, so our declarations are checked as well. */
const defaults: ts.CompilerOptions = { module: ts.ModuleKind.NodeNext, noEmit: true, skipLibCheck: false };

/** TypeScript's and Node's declarations: parsed once for all programs. */
const parsed = new Map<string, ts.SourceFile | undefined>();

interface Variant {
  /** beside the defaults */ options?: ts.CompilerOptions;
  /** where the consumer's import of the package leads; default: by package.json, to the built types */ packageTypes?: string;
  /** files that exist only here */ virtual?: Record<string, string>;
  /** what is read instead of a declaration file's text */ rewrite?: (file: string, text: string) => string;
}

export function program(
  files: string[],
  { options = {}, packageTypes, virtual = {}, rewrite }: Variant = {},
): ts.Program {
  const all = { ...defaults, ...options };
  const host = ts.createCompilerHost(all, true);
  const { readFile, fileExists, getSourceFile } = host;
  const textOf = (file: string) => {
    const text = virtual[file] ?? readFile.call(host, file);
    return text !== undefined && rewrite && /\.d\.ts$/.test(file) && !file.includes('node_modules')
      ? rewrite(file, text)
      : text;
  };
  host.readFile = textOf;
  host.fileExists = (file) => file in virtual || fileExists.call(host, file);
  host.getSourceFile = (file, languageVersion, ...rest) => {
    if (file.includes('node_modules')) {
      if (!parsed.has(file)) parsed.set(file, getSourceFile.call(host, file, languageVersion, ...rest));
      return parsed.get(file);
    }
    const text = textOf(file);
    return text === undefined ? undefined : ts.createSourceFile(file, text, languageVersion, true);
  };
  if (packageTypes !== undefined) {
    host.resolveModuleNameLiterals = (literals, containingFile, redirected, options) =>
      literals.map((literal) => {
        if (literal.text === 'node-wazero')
          return {
            resolvedModule: { resolvedFileName: packageTypes, extension: '.d.ts', isExternalLibraryImport: false },
          };
        const mode = ts.getModeForUsageLocation(
          host.getSourceFile(containingFile, ts.ScriptTarget.Latest)!,
          literal,
          options,
        );
        return ts.resolveModuleName(literal.text, containingFile, options, host, undefined, redirected, mode);
      });
  }
  return ts.createProgram(files, all, host);
}

/** What is wrong in every file that is ours (Node's own declarations are not checked again), each as 'file:line message'. */
export function diagnostics(of: ts.Program): string[] {
  const ours = of.getSourceFiles().filter(({ fileName }) => !fileName.includes('node_modules'));
  const found = [
    ...of.getGlobalDiagnostics(),
    ...ours.flatMap((file) => [...of.getSyntacticDiagnostics(file), ...of.getSemanticDiagnostics(file)]),
  ];
  return found.map((diagnostic) => {
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    if (!diagnostic.file) return message;
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
    return `${diagnostic.file.fileName.replace(`${root}/`, '')}:${line + 1} ${message}`;
  });
}

// ---------------------------------------------------------------- what the contract declares
export interface Declared {
  node: ts.Declaration;
  path: string;
}

/** Every exported declaration of the contract and every member below it, as 'Memory.read', 'FunctionDefinition.import.module'. */
export function declared(source: ts.SourceFile): Declared[] {
  const found: Declared[] = [];
  const nameOf = (node: ts.Node): string | undefined => {
    const name =
      ts.isClassElement(node) ||
      ts.isTypeElement(node) ||
      ts.isDeclarationStatement(node) ||
      ts.isVariableDeclaration(node)
        ? node.name
        : undefined;
    return name && !ts.isPrivateIdentifier(name) && !ts.isObjectBindingPattern(name) && !ts.isArrayBindingPattern(name)
      ? name.getText(source)
      : undefined;
  };
  const visit = (node: ts.Node, path: string): void => {
    let below = path;
    const name = nameOf(node);
    if (name !== undefined) {
      below = path ? `${path}.${name}` : name;
      found.push({ node: node as ts.Declaration, path: below });
    }
    ts.forEachChild(node, (child) => visit(child, below));
  };
  for (const statement of source.statements) {
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (exported) visit(statement, '');
  }
  return found;
}

/** The declarations that the program's text uses, whichever way: by name, as a member, in a pattern, as an option, by a call. */
export function used(source: ts.SourceFile, checker: ts.TypeChecker): Set<ts.Declaration> {
  const found = new Set<ts.Declaration>();
  const add = (symbol: ts.Symbol | undefined): void => {
    const target = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    for (const declaration of target?.declarations ?? []) found.add(declaration);
  };
  const visit = (node: ts.Node): void => {
    // The list of imports names everything: that is not using it.
    if (ts.isImportDeclaration(node)) return;
    if (ts.isIdentifier(node)) add(checker.getSymbolAtLocation(node));
    if (ts.isBindingElement(node) && ts.isIdentifier(node.name))
      add(checker.getTypeAtLocation(node.parent).getProperty(node.name.text));
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) {
      const type = checker.getContextualType(node.parent);
      add(type && checker.getNonNullableType(type).getProperty(node.name.text));
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const declaration = checker.getResolvedSignature(node)?.declaration;
      if (declaration && !ts.isJSDocSignature(declaration)) found.add(declaration);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
