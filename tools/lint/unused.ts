/*
 * Finds dead code that a linter does not see, which looks at one file at a time: exports that nothing imports and that their own file does
 * not use either, and files that nothing imports. What is only re-exported counts as used when the name is imported from where it is
 * re-exported. Tests count as users, since fakes and fixtures are for them.
 *
 * A type that an index passes on belongs to the signature of something there, and may stand although nobody has named it yet.
 *
 * It goes by names and import paths and asks no type checker: a member of a class is not looked at.
 */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { checkoutRoot } from '@weir/toolchain';
import ts from 'typescript';

export interface Unused {
  readonly file: string;
  /** Absent: the whole file. */
  readonly name?: string;
}

interface Source {
  readonly exported: Set<string>;
  /** Identifiers that occur besides the export's own declaration. */
  readonly mentioned: Map<string, number>;
  /** Whose names it takes: '*' is all of them. */
  readonly imports: { readonly from: string; readonly names: readonly string[] }[];
  /** Exported name → where it comes from. */
  readonly passedOn: Map<string, { readonly from: string; readonly name: string }>;
  readonly passedOnWhole: string[];
}

/** Files that are run: nobody imports them. So are those that say how: `tools/run this/file.ts`. */
const ENTRY = /(?:^|\/)(?:main|demo)\.ts$|\.(?:test|bench)\.ts$|(?:^|\/)fixtures\//;

/** `sources`: text by path, relative to one folder. `resolve`: the path that an import means, or undefined when it is none of them. */
export function findUnused(
  sources: ReadonlyMap<string, string>,
  resolve: (from: string, specifier: string) => string | undefined,
): Unused[] {
  const parsed = new Map([...sources].map(([file, text]) => [file, parse(file, text, resolve)]));
  const used = new Set<string>();
  const reached = new Set<string>();
  const use = (file: string, name: string): void => {
    const key = `${file}\0${name}`;
    if (used.has(key)) return;
    used.add(key);
    const source = parsed.get(file);
    const origin = source?.passedOn.get(name);
    if (origin !== undefined) return use(origin.from, origin.name);
    for (const from of source?.passedOnWhole ?? []) use(from, name);
  };
  for (const { imports, passedOn, passedOnWhole } of parsed.values()) {
    for (const { from, names } of imports) {
      reached.add(from);
      const all = names.includes('*') ? (parsed.get(from)?.exported ?? []) : names;
      for (const name of all) use(from, name);
    }
    for (const { from } of passedOn.values()) reached.add(from);
    for (const from of passedOnWhole) reached.add(from);
  }
  const unused: Unused[] = [];
  for (const [file, { exported, mentioned }] of parsed) {
    if (ENTRY.test(file) || sources.get(file)!.includes(file)) continue;
    if (!reached.has(file)) unused.push({ file });
    else
      for (const name of exported)
        if (!used.has(`${file}\0${name}`) && (mentioned.get(name) ?? 0) < 2) unused.push({ file, name });
  }
  return unused;
}

function parse(file: string, text: string, resolve: (from: string, specifier: string) => string | undefined): Source {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const source: Source = {
    exported: new Set(),
    mentioned: new Map(),
    imports: [],
    passedOn: new Map(),
    passedOnWhole: [],
  };
  const target = (node: ts.Expression | undefined): string | undefined =>
    node !== undefined && ts.isStringLiteralLike(node) ? resolve(file, node.text) : undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) source.mentioned.set(node.text, (source.mentioned.get(node.text) ?? 0) + 1);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const from = target(node.arguments[0]);
      if (from !== undefined) source.imports.push({ from, names: ['*'] });
    }
    // import.meta.resolve('…'), new URL('…', import.meta.url) and import('…') as a type: whatever they name is used whole.
    if (ts.isStringLiteralLike(node) && !ts.isImportDeclaration(node.parent) && !ts.isExportDeclaration(node.parent)) {
      const from = resolve(file, node.text);
      if (from !== undefined) source.imports.push({ from, names: ['*'] });
    }
    ts.forEachChild(node, visit);
  };
  for (const statement of tree.statements) {
    if (ts.isImportDeclaration(statement)) takeImport(source, statement, target(statement.moduleSpecifier));
    else if (ts.isExportDeclaration(statement)) {
      takeExport(source, statement, target(statement.moduleSpecifier));
      continue; // the names in it are no use of them
    } else if (ts.canHaveModifiers(statement) && hasExport(statement)) {
      for (const name of namesOf(statement)) source.exported.add(name);
    }
    if (!ts.isImportDeclaration(statement)) visit(statement);
  }
  return source;
}

function takeImport({ imports }: Source, { importClause }: ts.ImportDeclaration, from: string | undefined): void {
  if (from === undefined) return;
  const bindings = importClause?.namedBindings;
  const names: string[] = importClause?.name === undefined ? [] : ['default'];
  if (bindings !== undefined && ts.isNamespaceImport(bindings)) names.push('*');
  if (bindings !== undefined && ts.isNamedImports(bindings))
    names.push(...bindings.elements.map((element) => (element.propertyName ?? element.name).text));
  imports.push({ from, names });
}

function takeExport(source: Source, node: ts.ExportDeclaration, from: string | undefined): void {
  const { exportClause } = node;
  if (exportClause === undefined) {
    if (from !== undefined) source.passedOnWhole.push(from);
  } else if (ts.isNamedExports(exportClause)) {
    for (const { name, propertyName, isTypeOnly } of exportClause.elements) {
      if (!node.isTypeOnly && !isTypeOnly) source.exported.add(name.text);
      if (from !== undefined) source.passedOn.set(name.text, { from, name: (propertyName ?? name).text });
    }
  } else if (from !== undefined) source.imports.push({ from, names: ['*'] });
}

function hasExport(node: ts.HasModifiers): boolean {
  return ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
  const isDefault =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
  if (isDefault === true) return ['default'];
  const { name } = statement as ts.DeclarationStatement;
  return name !== undefined && ts.isIdentifier(name) ? [name.text] : [];
}

// ------------------------------------------------------------------------------------------------------ this checkout

/** The checkout's sources. */
function readSources(root: string): Map<string, string> {
  const sources = new Map<string, string>();
  for (const folder of ['apps', 'examples', 'libs', 'tools']) {
    for (const file of readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const name = path.join(folder, file);
      if (/\.(?:ts|mjs)$/.test(name) && !name.includes('node_modules') && !name.startsWith('tools/bootstrap/'))
        sources.set(name, readFileSync(path.join(root, name), 'utf8'));
    }
  }
  return sources;
}

/** What `@weir/…` names: package name and subpath → file. */
function packageEntries(root: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const folder of ['apps', 'examples', 'libs', 'tools']) {
    for (const project of readdirSync(path.join(root, folder))) {
      const manifest = path.join(root, folder, project, 'package.json');
      if (!existsSync(manifest)) continue;
      const { name, exports = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
        name: string;
        exports?: Record<string, string>;
      };
      for (const [subpath, file] of Object.entries(exports))
        entries.set(path.posix.join(name, subpath), path.join(folder, project, file));
    }
  }
  return entries;
}

export function unusedInCheckout(root = checkoutRoot()): Unused[] {
  const sources = readSources(root);
  const entries = packageEntries(root);
  return findUnused(sources, (from, specifier) => {
    // `new URL('x.ts', import.meta.url)` is as good as './x.ts'.
    const file = path.join(path.dirname(from), specifier);
    if (sources.has(file)) return file;
    return entries.get(specifier) ?? (sources.has(specifier) ? specifier : undefined);
  });
}

// tools/run tools/lint/unused.ts
if (import.meta.main) {
  const unused = unusedInCheckout();
  for (const { file, name } of unused)
    process.stderr.write(
      name === undefined ? `${file}: nothing imports this file\n` : `${file}: nothing uses ${name}\n`,
    );
  if (unused.length > 0) {
    process.stderr.write(
      `${unused.length} unused: delete them, or the \`export\` in front of what only its own file uses\n`,
    );
    process.exit(1);
  }
}
