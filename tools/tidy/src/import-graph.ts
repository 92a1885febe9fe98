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
    return { path, values: [...values], all: [...all] };
  });
}

/**
 * Cycles of value imports between files, one per group of files that reach each other.
 * @returns each cycle as its paths, sorted.
 */
export function findCycles(imports: readonly SourceImports[]): readonly (readonly string[])[] {
  const edges = new Map(
    imports.map(({ path, values }) => [
      path,
      values
        .filter((to) => to.startsWith("."))
        .map((to) => posix.join(posix.dirname(path), to.replace(/\.js$/, ".ts"))),
    ]),
  );
  // Tarjan's strongly connected components, with the recursion as deep as the longest import chain.
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    low.set(path, order.get(path)!);
    stack.push(path);
    for (const to of edges.get(path) ?? []) {
      if (!edges.has(to)) continue;
      if (!order.has(to)) visit(to);
      if (stack.includes(to)) low.set(path, Math.min(low.get(path)!, low.get(to)!));
    }
    if (low.get(path) !== order.get(path)) return;
    const group = stack.splice(stack.indexOf(path));
    if (group.length > 1 || edges.get(path)!.includes(path)) cycles.push(group.sort());
  };
  for (const path of edges.keys()) if (!order.has(path)) visit(path);
  return cycles;
}
