/**
 * JSON laid out for reading without parsing its values: numbers beyond 2^53, repeated keys and the order of keys stay as they are,
 * which `JSON.stringify(JSON.parse(text))` would not promise.
 */

/** @param text valid JSON. @param indent blanks per level; 0 puts all on one line without blanks. */
export function reindentJson(text: string, indent: number): string {
  let out = "";
  let depth = 0;
  const line = (): string => (indent === 0 ? "" : `\n${" ".repeat(depth * indent)}`);
  for (const token of text.match(tokens) ?? []) {
    const first = token[0];
    if (first === "{" || first === "[") {
      // An empty object or list stays on its line.
      if (token.length > 1) {
        out += first === "{" ? "{}" : "[]";
        continue;
      }
      depth += 1;
      out += token + line();
    } else if (first === "}" || first === "]") {
      depth -= 1;
      out += line() + token;
    } else if (first === ",") out += `,${line()}`;
    else if (first === ":") out += indent === 0 ? ":" : ": ";
    else out += token;
  }
  return out;
}

const tokens = /"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s{}[\],:"]+/g;
