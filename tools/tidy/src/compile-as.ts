/**
 * Compiles a snippet as if it were the whole text of an existing file, under the strictest profile that covers that file.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";

/** @returns the diagnostics, one per line as `TS<code>: <message>`; empty when the snippet compiles. */
export function compileAs(path: string, code: string): string {
  const { options } = profileOf(path);
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.readFile = (name) => (name === path ? code : readFile(name));
  host.getSourceFile = (name, languageVersion, onError) =>
    name === path
      ? ts.createSourceFile(name, code, languageVersion, true)
      : getSourceFile(name, languageVersion, onError);
  const program = ts.createProgram([path], { ...options, noEmit: true }, host);
  const file = program.getSourceFile(path);
  return [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
    ...program.getDeclarationDiagnostics(file),
  ]
    .map(
      ({ code: number, messageText }) => `TS${number}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    )
    .join("\n");
}

/** The portable profile where it includes the file, else the package's own. */
function profileOf(path: string): ts.ParsedCommandLine {
  let folder = dirname(path);
  while (!existsSync(join(folder, "tsconfig.lib.json"))) folder = dirname(folder);
  const portable = join(folder, "tsconfig.portable.json");
  const isPortable = existsSync(portable) && /^src\/(member|api)\//.test(relative(folder, path));
  const name = isPortable ? portable : join(folder, "tsconfig.lib.json");
  const { config, error } = ts.readConfigFile(name, (file) => readFileSync(file, "utf8"));
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, "\n"));
  return ts.parseJsonConfigFileContent(config, ts.sys, folder);
}
