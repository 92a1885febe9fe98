/** What a value looks like, and how it is written for reading and for editing. */
import { parseBase64, parseHex, startsWithBytes, toBase64, toHex } from "../../text/bytes.js";
import { decodeUtf8, encodeUtf8, isEditableText } from "../../text/escape.js";
import { reindentJson } from "./json-text.js";
import type { ValueFormat } from "./keys-state.js";

export type CodeLanguage = "plain" | "json" | "yaml";

export const formatNames: Readonly<Record<ValueFormat, string>> = {
  text: "Text",
  json: "JSON",
  yaml: "YAML",
  kubernetes: "Kubernetes",
  hex: "Hex",
  base64: "Base64",
};

/** What kube-apiserver puts in front of objects that it stores as protobuf. */
const kubernetesMagic = encodeUtf8("k8s\0");
const base64Columns = 76;
const hexColumns = 16;

/** The format in which a value says most. */
export function detectFormat(value: Uint8Array): ValueFormat {
  return formatsOf(value)[0] ?? "text";
}

/** Every format that a value can be shown in, the most telling first. */
export function formatsOf(value: Uint8Array): readonly ValueFormat[] {
  if (startsWithBytes(value, kubernetesMagic)) return ["kubernetes", "hex", "base64"];
  const text = decodeUtf8(value);
  if (text === undefined || !isEditableText(text)) return ["hex", "base64"];
  if (isJson(text)) return ["json", "text", "yaml", "hex", "base64"];
  if (looksLikeYaml(text)) return ["yaml", "text", "hex", "base64"];
  return ["text", "hex", "base64"];
}

/** The format in which a value can be edited without losing a byte. */
export function editFormat(value: Uint8Array, shown: ValueFormat): ValueFormat {
  const possible = formatsOf(value).filter(
    (format) => format !== "kubernetes" && !(format === "yaml" && isJsonBytes(value)),
  );
  return possible.includes(shown) ? shown : (possible[0] ?? "text");
}

/** Whether a text of that format can stand for the value: bytes that are no text look like nothing at all. */
export function isShownAs(value: Uint8Array, format: ValueFormat): boolean {
  return format === "hex" || format === "base64" || formatsOf(value).includes("text");
}

export function languageOf(format: ValueFormat): CodeLanguage {
  if (format === "json") return "json";
  return format === "yaml" || format === "kubernetes" ? "yaml" : "plain";
}

/** A value for reading. `kubernetes`, and JSON as YAML, need a library that loads when it is needed (kubernetes-yaml.ts). */
export function showValue(value: Uint8Array, format: Exclude<ValueFormat, "kubernetes">): string {
  switch (format) {
    case "hex":
      return hexDump(value);
    case "base64":
      return wrap(toBase64(value), base64Columns);
    case "json":
      return reindentJson(decodeUtf8(value) ?? "", 2);
    case "text":
    case "yaml":
      return decodeUtf8(value) ?? "";
  }
}

/**
 * How a value's text relates to the text in the editor: JSON that is stored on one line is laid out for editing and saved on one line
 * again; everything else is edited exactly as it is stored.
 */
export type EditLayout = "one-line-json" | "as-stored";

export function editLayout(value: Uint8Array, format: ValueFormat): EditLayout {
  if (format !== "json") return "as-stored";
  const text = decodeUtf8(value) ?? "";
  return isJson(text) && reindentJson(text, 0) === text ? "one-line-json" : "as-stored";
}

/** A value for editing. What is not changed comes back to the same bytes. */
export function editValue(value: Uint8Array, format: ValueFormat): string {
  if (editLayout(value, format) === "one-line-json") return reindentJson(decodeUtf8(value) ?? "", 2);
  if (format === "hex")
    return wrap(toHex(value).replaceAll(/../g, "$& "), hexColumns * 3).replaceAll(/ +$/gm, "");
  if (format === "base64") return wrap(toBase64(value), base64Columns);
  return decodeUtf8(value) ?? "";
}

/** The bytes that an edited text stands for. @throws SyntaxError for hex and base64 that are none. */
export function parseValue(text: string, format: ValueFormat, layout: EditLayout = "as-stored"): Uint8Array {
  if (layout === "one-line-json" && parsesAsJson(text)) return encodeUtf8(reindentJson(text, 0));
  if (format === "hex") return parseHex(text);
  return format === "base64" ? parseBase64(text) : encodeUtf8(text);
}

/** What is wrong with an edited text; a remark, as any bytes may be stored. */
export function remarkOn(text: string, format: ValueFormat): string | undefined {
  if (format === "hex" || format === "base64") {
    try {
      parseValue(text, format);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  return format === "json" && !parsesAsJson(text)
    ? "This is not JSON any more. It can be saved all the same."
    : undefined;
}

/** Offset, bytes and characters, sixteen to a line. */
export function hexDump(value: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < value.length; at += hexColumns) {
    const part = value.subarray(at, at + hexColumns);
    const hex = toHex(part)
      .replaceAll(/../g, "$& ")
      .padEnd(hexColumns * 3);
    let characters = "";
    for (const byte of part) characters += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.slice(0, 24)} ${hex.slice(24)} ${characters}`);
  }
  return lines.join("\n");
}

function isJsonBytes(value: Uint8Array): boolean {
  const text = decodeUtf8(value);
  return text !== undefined && isJson(text);
}

/** Objects and lists only: a bare number or word is text to a person. */
function isJson(text: string): boolean {
  return /^\s*[{[]/.test(text) && parsesAsJson(text);
}

function parsesAsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Most of its lines are keys or list entries, and there is more than one. */
function looksLikeYaml(text: string): boolean {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !/^\s*#/.test(line));
  if (lines.length < 2 && !text.startsWith("---")) return false;
  const telling = lines.filter((line) =>
    /^\s*(- .*|-|---.*|\.\.\.|(["']?)[\w./@$ -]+\2:(\s.*)?)$/.test(line),
  );
  const first = lines[0] ?? "";
  return telling.includes(first) && telling.length >= lines.length * 0.6;
}

function wrap(text: string, columns: number): string {
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += columns) lines.push(text.slice(at, at + columns));
  return lines.join("\n");
}
