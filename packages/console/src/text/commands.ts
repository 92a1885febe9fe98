/** What the console does, written as a command or as code: for the clipboard, so that a click can become a script. */
import { toHex } from "./bytes.js";
import { decodeUtf8, isPlainText } from "./escape.js";

/** Bytes as one word of a POSIX shell; bytes that are not plain text use `$'...'`, which bash and zsh read. */
export function quoteShell(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text !== undefined && /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith("-")) return text;
  if (text !== undefined && isPlainText(text.replaceAll(/[\n\t\\]/g, "")))
    return `'${text.replaceAll("'", `'\\''`)}'`;
  let out = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (character === "'" || character === "\\") out += `\\${character}`;
    else out += byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `$'${out}'`;
}

/** Bytes as an expression of TypeScript that the SDK takes for a key or a value. */
export function quoteTypeScript(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text !== undefined) return JSON.stringify(text);
  return `Buffer.from("${toHex(bytes)}", "hex")`;
}

/** `--` ends the flags, so that a key that begins with a dash stays a key. */
export function etcdctl(
  command: string,
  operands: readonly Uint8Array[],
  flags: readonly string[] = [],
): string {
  const dashed = operands.some((operand) => operand[0] === 0x2d);
  return ["etcdctl", command, ...flags, ...(dashed ? ["--"] : []), ...operands.map(quoteShell)].join(" ");
}

/** A call of the SDK with an options object when there are options. Operands that are text already are code. */
export function sdkCall(
  call: string,
  operands: readonly (Uint8Array | string)[],
  options: Readonly<Record<string, string>> = {},
): string {
  const written = operands.map((operand) =>
    typeof operand === "string" ? operand : quoteTypeScript(operand),
  );
  const fields = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
  const rest = fields.length === 0 ? [] : [`{ ${fields.join(", ")} }`];
  return `await client.${call}(${[...written, ...rest].join(", ")});`;
}
