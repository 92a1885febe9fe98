/**
 * Keys and values are bytes; people read text. `escapeBytes` writes any bytes as text that shows everything that is there, and
 * `parseEscaped` reads it back to the same bytes. Text that is plain stays as it is.
 *
 * Escapes: `\\` a backslash, `\n` `\r` `\t`, `\xNN` a byte that is not part of valid UTF-8 or a control character,
 * `\u{N}` a character that would be invisible or would turn the direction of the text around it.
 */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

// eslint-disable-next-line no-control-regex -- these are the characters that must not reach the screen as they are
const special = /[\u0000-\u001f\u007f-\u009f\\\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const specials = new RegExp(special.source, "gu");
const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** Text of bytes that are valid UTF-8. @returns undefined for anything else. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

export function escapeBytes(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text !== undefined) return escapeText(text);
  let out = "";
  let at = 0;
  while (at < bytes.length) {
    const end = at + sequenceBytes(bytes, at);
    const part = end > at ? decodeUtf8(bytes.subarray(at, end)) : undefined;
    if (part === undefined) {
      out += hexEscape(bytes[at]!);
      at += 1;
    } else {
      out += escapeText(part);
      at = end;
    }
  }
  return out;
}

/** What `escapeBytes` wrote, as bytes; the text that people type into a field for keys. @throws SyntaxError at a broken escape. */
export function parseEscaped(text: string): Uint8Array<ArrayBuffer> {
  if (!text.includes("\\")) return encoder.encode(text);
  const parts: number[] = [];
  let rest = 0;
  while (rest < text.length) {
    const slash = text.indexOf("\\", rest);
    const plain = slash < 0 ? text.slice(rest) : text.slice(rest, slash);
    for (const byte of encoder.encode(plain)) parts.push(byte);
    if (slash < 0) break;
    const match = /^\\(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|([nrt\\]))/.exec(
      text.slice(slash, slash + 12),
    );
    if (match === null)
      throw new SyntaxError(`Not an escape: ${text.slice(slash, slash + 4)}. Write \\\\ for a backslash.`);
    if (match[1] !== undefined) parts.push(parseInt(match[1], 16));
    else for (const byte of encoder.encode(escapedCharacter(match[2], match[3]))) parts.push(byte);
    rest = slash + match[0].length;
  }
  return Uint8Array.from(parts);
}

/** The bytes, or undefined where `parseEscaped` throws. */
export function tryParseEscaped(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return parseEscaped(text);
  } catch {
    return undefined;
  }
}

/** Whether the text holds only characters that a person sees as they are. */
export function isPlainText(text: string): boolean {
  return !special.test(text);
}

/** Whether the text could be shown in an editor: line breaks and tabs are fine, other control characters are not. */
export function isEditableText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- NUL and its neighbours make a value binary
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text);
}

function escapeText(text: string): string {
  if (!special.test(text)) return text;
  return text.replace(specials, (character) => {
    const name = named[character];
    if (name !== undefined) return name;
    const code = character.codePointAt(0) ?? 0;
    return code < 0x80 ? hexEscape(code) : `\\u{${code.toString(16)}}`;
  });
}

function escapedCharacter(code: string | undefined, name: string | undefined): string {
  if (code !== undefined) {
    const point = parseInt(code, 16);
    if (point > 0x10ffff) throw new SyntaxError(`No such character: \\u{${code}}`);
    return String.fromCodePoint(point);
  }
  return Object.keys(named).find((character) => named[character] === `\\${name}`) ?? "";
}

/** Bytes of the sequence that the byte at `at` announces, 0 when it cannot begin one. */
function sequenceBytes(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
