/** The few forms of DER (X.690) that certificates are made of. Definite lengths only, tags of one byte. */

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

/** A value with its tag and length in front. */
export function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 0x100)) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(SEQUENCE, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => tagged(SET, ...parts);
export const octets = (...parts: readonly Uint8Array[]): Buffer => tagged(OCTET_STRING, ...parts);
export const utf8 = (text: string): Buffer => tagged(UTF8_STRING, Buffer.from(text, "utf8"));
export const TRUE: Buffer = Buffer.from([0x01, 0x01, 0xff]);

/** A positive number, big-endian; a leading zero keeps it so. */
export function integer(bytes: Uint8Array): Buffer {
  return (bytes[0] ?? 0) >= 0x80 ? tagged(INTEGER, Buffer.of(0), bytes) : tagged(INTEGER, bytes);
}

/** @param unused bits at the end that do not count */
export function bits(content: Uint8Array, unused = 0): Buffer {
  return tagged(BIT_STRING, Buffer.of(unused), content);
}

/** Number `number` of a choice. @param isConstructed whether it holds other values rather than bytes */
export function context(number: number, isConstructed: boolean, ...parts: readonly Uint8Array[]): Buffer {
  return tagged(CONTEXT | (isConstructed ? CONSTRUCTED : 0) | number, ...parts);
}

/** @param dotted for example `2.5.29.17` */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const septets = [part & 0x7f];
    for (let more = part >>> 7; more > 0; more >>>= 7) septets.unshift((more & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return tagged(OBJECT_ID, Buffer.from(bytes));
}

/** RFC 5280, section 4.1.2.5: two digits of the year until 2049. */
export function time(date: Date): Buffer {
  const text = `${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
  const isLate = date.getUTCFullYear() >= 2050;
  return tagged(isLate ? GENERALIZED_TIME : UTC_TIME, Buffer.from(isLate ? text : text.slice(2), "latin1"));
}

export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The values that follow one another in `bytes`. @throws RangeError when they do not end where they say */
export function readValues(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] as number;
    let length = bytes[at + 1] ?? Infinity;
    at += 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4) throw new RangeError("length of a DER value out of range");
      length = 0;
      for (let i = 0; i < count; i++) length = length * 0x100 + (bytes[at + i] ?? Infinity);
      at += count;
    }
    if (!(at + length <= bytes.length)) throw new RangeError("a DER value is cut off");
    values.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return values;
}

export function isInteger({ tag }: DerValue): boolean {
  return tag === INTEGER;
}

export function isTime({ tag }: DerValue): boolean {
  return tag === UTC_TIME || tag === GENERALIZED_TIME;
}

/** PEM of DER bytes. */
export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
