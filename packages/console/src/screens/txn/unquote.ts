/** Double-quoted strings as Go's `%q` writes them and etcdctl reads them, to bytes. */

const simple: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
  "\\": 0x5c,
  '"': 0x22,
};

const escape = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\"]))|\\/gy;

/** @throws SyntaxError when the quotes are missing or an escape is none of Go's. */
export function unquote(text: string): Uint8Array {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"'))
    throw new SyntaxError("quotes are missing.");
  const inside = text.slice(1, -1);
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  let at = 0;
  while (at < inside.length) {
    const slash = inside.indexOf("\\", at);
    bytes.push(...encoder.encode(inside.slice(at, slash < 0 ? inside.length : slash)));
    if (slash < 0) break;
    escape.lastIndex = slash;
    const match = escape.exec(inside);
    if (match === null || match[0] === "\\")
      throw new SyntaxError(`${inside.slice(slash, slash + 4)} is no escape.`);
    bytes.push(...bytesOf(match, encoder));
    at = slash + match[0].length;
  }
  return Uint8Array.from(bytes);
}

function bytesOf(match: RegExpExecArray, encoder: TextEncoder): Iterable<number> {
  const [, hex, short, long, octal, name] = match;
  if (hex !== undefined) return [parseInt(hex, 16)];
  if (octal !== undefined) return [byteOf(parseInt(octal, 8))];
  const point = short ?? long;
  if (point !== undefined) return encoder.encode(characterOf(parseInt(point, 16)));
  return [simple[name ?? ""] ?? 0];
}

function byteOf(value: number): number {
  if (value > 0xff) throw new SyntaxError("an octal escape is at most \\377.");
  return value;
}

function characterOf(point: number): string {
  if (point > 0x10ffff) throw new SyntaxError("no such character.");
  return String.fromCodePoint(point);
}
