/** The reading end of the two kinds of stream: chunks in, messages out. Source: reference raft-peers-formats 3.5. */
import { createMessage, MessageType, type Entry, type Message } from "@quorate/raft";
import { MESSAGE_BYTES_MAX, MESSAGE_ENTRIES_MAX } from "../limits.js";
import { decodeEntry, decodeMessage, MalformedMessage, type DataOwnership } from "./message-decoder.js";
import { UnitDecoder, type UnitSink } from "./unit-decoder.js";
import { WireReader } from "./wire-reader.js";

/** Messages of one stream in order, without its link heartbeats. */
export type TakeMessage = (message: Message) => void;

const LENGTH_BYTES = 8;
/** A unit smaller than this part of its chunk is copied out of it, so that no log entry keeps much more alive than itself. */
const VIEWED_FRACTION = 4;

/** Between two members who identify themselves, this one is nobody's: it only keeps the connection alive. */
export function isLinkHeartbeat(message: Message): boolean {
  return message.type === MessageType.MsgHeartbeat && message.from === 0n && message.to === 0n;
}

/** Frames of the message stream: `u64 length`, message. */
export function createMessageStreamDecoder(take: TakeMessage): UnitDecoder {
  let inLength = true;
  return new UnitDecoder({
    firstUnitBytes: LENGTH_BYTES,
    takeUnit: (bytes, start, end) => {
      inLength = !inLength;
      if (!inLength) return readLength(bytes, start);
      const message = decodeMessage(new WireReader(bytes, start, end), ownershipOf(bytes, end - start));
      if (message instanceof MalformedMessage) return message.reason;
      if (!isLinkHeartbeat(message)) take(message);
      return LENGTH_BYTES;
    },
  });
}

/** Where the msgapp decoder stands: what the next unit is. */
const Unit = {
  Kind: 0,
  EntryCount: 1,
  EntryBytes: 2,
  Entry: 3,
  Commit: 4,
  MessageBytes: 5,
  Message: 6,
} as const;
type Unit = (typeof Unit)[keyof typeof Unit];

const KIND_LINK_HEARTBEAT = 0;
const KIND_ENTRIES = 1;
const KIND_MESSAGE = 2;

/**
 * Frames of the msgapp stream:
 *
 *     00                                                link heartbeat
 *     01  u64 n  n * (u64 size, Entry)  u64 commit      MsgApp that continues the one before
 *     02  u64 size  Message                             MsgApp
 *
 * The position (term, index) that a frame of kind 1 continues belongs to the connection and starts at (0, 0).
 */
export class MsgAppDecoder implements UnitSink {
  readonly firstUnitBytes = 1;
  readonly #ids: { readonly local: bigint; readonly remote: bigint };
  readonly #take: TakeMessage;
  #unit: Unit = Unit.Kind;
  #term = 0;
  #index = 0;
  #entries: Entry[] = [];
  #entriesLeft = 0;
  #frameBytes = 0;

  /** @param ids the members at both ends: frames of kind 1 don't name them. */
  constructor(ids: { readonly local: bigint; readonly remote: bigint }, take: TakeMessage) {
    this.#ids = ids;
    this.#take = take;
  }

  takeUnit(bytes: Buffer, start: number, end: number): number | string {
    switch (this.#unit) {
      case Unit.Kind:
        return this.#takeKind(bytes[start]!);
      case Unit.EntryCount:
        return this.#takeEntryCount(readUint64(bytes, start));
      case Unit.EntryBytes:
        return this.#takeEntryBytes(readUint64(bytes, start));
      case Unit.Entry:
        return this.#takeEntry(bytes, start, end);
      case Unit.Commit:
        return this.#takeCommit(readUint64(bytes, start));
      case Unit.MessageBytes:
        this.#unit = Unit.Message;
        return readLength(bytes, start);
      case Unit.Message:
        return this.#takeMessage(bytes, start, end);
    }
  }

  #takeKind(kind: number): number | string {
    switch (kind) {
      case KIND_LINK_HEARTBEAT:
        return 1;
      case KIND_ENTRIES:
        this.#unit = Unit.EntryCount;
        return LENGTH_BYTES;
      case KIND_MESSAGE:
        this.#unit = Unit.MessageBytes;
        return LENGTH_BYTES;
      default:
        return `failed to parse type ${kind} in msgappv2 stream`;
    }
  }

  #takeEntryCount(count: number): number | string {
    if (count > MESSAGE_ENTRIES_MAX) return "too many entries";
    this.#entries = [];
    this.#entriesLeft = count;
    this.#frameBytes = 0;
    this.#unit = count === 0 ? Unit.Commit : Unit.EntryBytes;
    return LENGTH_BYTES;
  }

  #takeEntryBytes(bytes: number): number | string {
    this.#frameBytes += bytes;
    if (this.#frameBytes > MESSAGE_BYTES_MAX) return "message is larger than the limit";
    this.#unit = Unit.Entry;
    return bytes;
  }

  #takeEntry(bytes: Buffer, start: number, end: number): number | string {
    const reader = new WireReader(bytes, start, end);
    const entry = decodeEntry(reader, ownershipOf(bytes, this.#frameBytes));
    if (reader.fault !== undefined) return reader.fault;
    this.#index += 1;
    if (entry.index !== this.#index) return "entries are out of sequence";
    this.#entries.push(entry);
    this.#entriesLeft -= 1;
    this.#unit = this.#entriesLeft === 0 ? Unit.Commit : Unit.EntryBytes;
    return LENGTH_BYTES;
  }

  #takeCommit(commit: number): number | string {
    if (commit > Number.MAX_SAFE_INTEGER) return "counter out of range";
    const entries = this.#entries;
    this.#entries = [];
    this.#unit = Unit.Kind;
    this.#take(
      createMessage({
        type: MessageType.MsgApp,
        to: this.#ids.local,
        from: this.#ids.remote,
        term: this.#term,
        logTerm: this.#term,
        index: this.#index - entries.length,
        entries,
        commit,
      }),
    );
    return 1;
  }

  #takeMessage(bytes: Buffer, start: number, end: number): number | string {
    const message = decodeMessage(new WireReader(bytes, start, end), ownershipOf(bytes, end - start));
    if (message instanceof MalformedMessage) return message.reason;
    this.#term = message.term;
    this.#index = message.entries.at(-1)?.index ?? message.index;
    this.#unit = Unit.Kind;
    this.#take(message);
    return 1;
  }
}

function ownershipOf(chunk: Buffer, unitBytes: number): DataOwnership {
  return unitBytes * VIEWED_FRACTION < chunk.length ? "copy" : "view";
}

/** Values above 2^53 lose their low bits; all that are allowed lie far below. */
function readUint64(bytes: Buffer, position: number): number {
  return bytes.readUInt32BE(position) * 0x1_0000_0000 + bytes.readUInt32BE(position + 4);
}

function readLength(bytes: Buffer, position: number): number | string {
  const length = readUint64(bytes, position);
  return length > MESSAGE_BYTES_MAX ? "message is larger than the limit" : length;
}
