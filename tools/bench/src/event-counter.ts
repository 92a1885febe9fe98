/**
 * Counts what watch responses say, as their bytes arrive in any pieces: gRPC messages, and in them the fields
 * `created` (3) and `events` (11) of etcd's WatchResponse.
 */
import { framePrefixBytes } from "./messages.js";

const createdField = 3;
const eventsField = 11;

export interface Counted {
  readonly created: number;
  readonly events: number;
}

export class EventCounter {
  #pending: Buffer = Buffer.alloc(0);

  /** Takes the next bytes of the stream. @returns what the messages that are now complete contain. */
  read(bytes: Uint8Array): Counted {
    const input =
      this.#pending.length === 0
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        : Buffer.concat([this.#pending, bytes]);
    let created = 0;
    let events = 0;
    let offset = 0;
    while (input.length - offset >= framePrefixBytes) {
      const start = offset + framePrefixBytes;
      const end = start + input.readUInt32BE(offset + 1);
      if (end > input.length) break;
      for (let at = start; at < end;) {
        const field = readField(input, at);
        if (field.number === createdField) created++;
        else if (field.number === eventsField) events++;
        at = field.end;
      }
      offset = end;
    }
    this.#pending = Buffer.from(input.subarray(offset));
    return { created, events };
  }
}

/** The field at `at`, and where the next one begins. The four wire types that the protocol uses. */
function readField(bytes: Uint8Array, at: number): { readonly number: number; readonly end: number } {
  const tag = readVarint(bytes, at);
  const number = Math.floor(tag.value / 8);
  const type = tag.value % 8;
  if (type === 0) return { number, end: readVarint(bytes, tag.end).end };
  if (type === 1) return { number, end: tag.end + 8 };
  if (type === 5) return { number, end: tag.end + 4 };
  const length = readVarint(bytes, tag.end);
  return { number, end: length.end + length.value };
}

/** Loses precision above 2^53, where only the end matters here. */
function readVarint(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let factor = 1;
  for (let end = at; end < bytes.length; end++, factor *= 128) {
    const byte = bytes[end]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: end + 1 };
  }
  throw new Error("a number runs over the end of its message");
}
