/**
 * Which file imports which, for values: an import of types alone is gone when the code runs.
 */
import { posix } from "node:path";
import ts from "typescript";
import { ownSourceFiles, readText } from "./repository.js";

export interface SourceImports {
  readonly path: string;
  /** Specifiers as written, each once. */
  readonly values: readonly string[];
  readonly all: readonly string[];
}

/** The imports and re-exports of every source file of ours. */
export function readImports(): readonly SourceImports[] {
  return ownSourceFiles().map((path) => {
    const file = ts.createSourceFile(path, readText(path), ts.ScriptTarget.Latest, false);
    const values = new Set<string>();
    const all = new Set<string>();
    for (const statement of file.statements) {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
      const specifier = statement.moduleSpecifier;
      if (specifier === undefined || !ts.isStringLiteral(specifier)) continue;
      all.add(specifier.text);
      const typeOnly = ts.isImportDeclaration(statement)
        ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
        : statement.isTypeOnly;
      if (!typeOnly) values.add(specifier.text);
    }
    // What is loaded when it is needed is reached, but cannot close a cycle of initialisation.
    for (const specifier of dynamicImports(file)) all.add(specifier);
    return { path, values: [...values], all: [...all] };
  });
}

function dynamicImports(file: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier !== undefined && ts.isStringLiteral(specifier)) found.push(specifier.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/**
 * Cycles of value imports between files, one per group of files that reach each other.
 * @returns each cycle as its paths, sorted.
 */
export function findCycles(imports: readonly SourceImports[]): readonly (readonly string[])[] {
  const files = new Map(imports.map((file) => [file.path, createVisit(file)]));
  const stack: Visit[] = [];
  const cycles: string[][] = [];
  let visits = 0;
  // Tarjan's strongly connected components; the recursion is as deep as the longest chain of imports.
  const visit = (file: Visit): void => {
    file.order = file.low = ++visits;
    stack.push(file);
    for (const target of file.targets) {
      const next = files.get(target);
      if (next === undefined) continue;
      if (next.order === 0) visit(next);
      if (stack.includes(next)) file.low = Math.min(file.low, next.low);
    }
    if (file.low !== file.order) return;
    const group = stack.splice(stack.indexOf(file)).map(({ path }) => path);
    if (group.length > 1 || file.targets.includes(file.path)) cycles.push(group.sort());
  };
  for (const file of files.values()) if (file.order === 0) visit(file);
  return cycles;
}

interface Visit {
  readonly path: string;
  readonly targets: readonly string[];
  /** When the file was first reached, from 1; 0 before. */
  order: number;
  /** The earliest file on the stack that it reaches. */
  low: number;
}

function createVisit({ path, values }: SourceImports): Visit {
  return { path, targets: resolve(path, values), order: 0, low: 0 };
}

/** The files that a file imports, types included. */
export function targetsOf({ path, all }: SourceImports): readonly string[] {
  return resolve(path, all);
}

function resolve(path: string, specifiers: readonly string[]): readonly string[] {
  const relative = specifiers.filter((to) => to.startsWith("."));
  // `./x.js` is the name of either source once it is built; a path that no file has is not looked up.
  return relative.flatMap((to) =>
    [".ts", ".tsx"].map((ending) => posix.join(posix.dirname(path), to.replace(/\.js$/, ending))),
  );
}
