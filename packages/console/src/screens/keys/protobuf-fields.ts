/**
 * Protobuf without its definition: the fields of a message by number, with a guess at what each holds.
 *
 * The wire says of a field only its number and whether it is a number or bytes; whether bytes are a text, a message or neither is
 * guessed from whether they read as one.
 */
import { decodeUtf8, isEditableText } from "../../text/escape.js";
import { toBase64 } from "../../text/bytes.js";

export type FieldValue = bigint | Uint8Array;

export interface RawField {
  readonly number: number;
  readonly value: FieldValue;
}

/** Nesting that is followed; deeper bytes stay bytes. */
const depthMax = 24;

/** The fields in their order. @returns undefined for bytes that are no message. */
export function readFields(bytes: Uint8Array): readonly RawField[] | undefined {
  const fields: RawField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (tag === undefined) return undefined;
    at = tag.next;
    const number = Number(tag.value >> 3n);
    const type = Number(tag.value & 7n);
    if (number === 0 || number > 536_870_911) return undefined;
    const field = readValue(bytes, at, type);
    if (field === undefined) return undefined;
    fields.push({ number, value: field.value });
    at = field.next;
  }
  return fields;
}

/** A message as plain data under `field N` names; repeated fields become lists. */
export function guessMessage(fields: readonly RawField[], depth = 0): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const { number, value } of fields) {
    const name = `field ${number}`;
    const guessed = guessValue(value, depth);
    const known = out[name];
    if (known === undefined) out[name] = guessed;
    else if (Array.isArray(known)) known.push(guessed);
    else out[name] = [known, guessed];
  }
  return out;
}

function guessValue(value: FieldValue, depth: number): unknown {
  if (typeof value === "bigint") return plainNumber(value);
  const text = decodeUtf8(value);
  const isText = text !== undefined && isEditableText(text);
  if (isText && (value.length === 0 || !looksBinary(text))) return text;
  const fields = depth < depthMax ? readFields(value) : undefined;
  if (fields !== undefined && fields.length > 0) return guessMessage(fields, depth + 1);
  return isText ? text : `base64:${toBase64(value)}`;
}

/** Numbers as people write them; beyond a double's whole numbers they stay exact. */
export function plainNumber(value: bigint): number | bigint {
  const signed = BigInt.asIntN(64, value);
  return signed >= BigInt(Number.MIN_SAFE_INTEGER) && signed <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(signed)
    : signed;
}

/** A line break in front is what the tag of a message's first text looks like. */
function looksBinary(text: string): boolean {
  return /^[\n\t\r]/.test(text);
}

function readValue(
  bytes: Uint8Array,
  at: number,
  type: number,
): { value: FieldValue; next: number } | undefined {
  switch (type) {
    case 0:
      return readVarint(bytes, at);
    case 1:
      return readFixed(bytes, at, 8);
    case 5:
      return readFixed(bytes, at, 4);
    case 2: {
      const length = readVarint(bytes, at);
      if (length === undefined) return undefined;
      const end = length.next + Number(length.value);
      return end > bytes.length ? undefined : { value: bytes.subarray(length.next, end), next: end };
    }
    default:
      return undefined;
  }
}

function readVarint(bytes: Uint8Array, at: number): { value: bigint; next: number } | undefined {
  let value = 0n;
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  return undefined;
}

/** Little-endian; a quantity of seconds or a mask reads well as a whole number. */
function readFixed(bytes: Uint8Array, at: number, size: number): { value: bigint; next: number } | undefined {
  if (at + size > bytes.length) return undefined;
  let value = 0n;
  for (let index = size - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(bytes[at + index]!);
  return { value, next: at + size };
}
