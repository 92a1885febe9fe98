/**
 * `raftpb.Message` bytes as raft's messages, whatever generation wrote them: scalars may be missing or zero, ids packed or not,
 * an empty snapshot may hang on any message, unknown fields are skipped.
 *
 * Payloads: `DataOwnership` decides whether entries' data and contexts are views of the bytes that came from the socket or copies.
 * A view keeps its whole chunk alive for as long as the log keeps the entry, so small messages in large chunks are copied.
 * Source: reference raft-peers-formats 1.1 and 1.2.
 */
import {
  createEntry,
  createMessage,
  emptyBytes,
  emptyConfState,
  EntryType,
  MessageType,
  type ConfState,
  type Entry,
  type Message,
  type Snapshot,
} from "@quorate/raft";
import { MESSAGE_ENTRIES_MAX } from "../limits.js";
import { WireReader } from "./wire-reader.js";

/** Whether decoded payloads share memory with the bytes they were decoded from. */
export type DataOwnership = "view" | "copy";

/** Why bytes are not a message that may come from the network. */
export class MalformedMessage {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

const MESSAGE_TYPE_MAX = MessageType.MsgForgetLeader;
const noEntries: readonly Entry[] = [];

/** Decodes `bytes[start, end)`. Types that a member only sends to itself are decoded too: whoever takes messages refuses them. */
export function decodeMessage(reader: WireReader, ownership: DataOwnership): Message | MalformedMessage {
  let type = 0;
  let to = 0n;
  let from = 0n;
  let term = 0;
  let logTerm = 0;
  let index = 0;
  let entries: Entry[] | undefined;
  let commit = 0;
  let snapshot: Snapshot | null = null;
  let reject = false;
  let rejectHint = 0;
  let context = emptyBytes;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        type = reader.counter();
        break;
      case 2:
        to = reader.id();
        break;
      case 3:
        from = reader.id();
        break;
      case 4:
        term = reader.counter();
        break;
      case 5:
        logTerm = reader.counter();
        break;
      case 6:
        index = reader.counter();
        break;
      case 7:
        entries ??= [];
        if (entries.length >= MESSAGE_ENTRIES_MAX) reader.fail("too many entries");
        else entries.push(readEntry(reader, ownership));
        break;
      case 8:
        commit = reader.counter();
        break;
      case 9:
        snapshot = readSnapshot(reader);
        break;
      case 10:
        reject = reader.flag();
        break;
      case 11:
        rejectHint = reader.counter();
        break;
      case 12:
        context = readData(reader, ownership);
        break;
      default:
        reader.skip();
    }
  }
  if (type > MESSAGE_TYPE_MAX) reader.fail("unknown message type");
  if (type === MessageType.MsgApp && entries !== undefined && !follow(entries, index)) {
    reader.fail("entries are out of sequence");
  }
  if (reader.fault !== undefined) return new MalformedMessage(reader.fault);
  return createMessage({
    type: type as MessageType,
    to,
    from,
    term,
    logTerm,
    index,
    entries: entries ?? noEntries,
    commit,
    // etcd up to 3.5 hangs an empty snapshot on every message.
    snapshot: type === MessageType.MsgSnap ? snapshot : null,
    reject,
    rejectHint,
    context,
  });
}

/** True when the entries lie one behind the other after `index`: nobody behind this door asks again. */
function follow(entries: readonly Entry[], index: number): boolean {
  for (let i = 0; i < entries.length; i++) if (entries[i]!.index !== index + 1 + i) return false;
  return true;
}

/** Reads the entry that fills the current field. */
function readEntry(reader: WireReader, ownership: DataOwnership): Entry {
  const outer = reader.enter();
  const entry = decodeEntry(reader, ownership);
  reader.leave(outer);
  return entry;
}

/** Decodes what lies between the reader's position and its end; the reader's `fault` tells whether it was an entry. */
export function decodeEntry(reader: WireReader, ownership: DataOwnership): Entry {
  let type = 0;
  let term = 0;
  let index = 0;
  let data = emptyBytes;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        type = reader.counter();
        break;
      case 2:
        term = reader.counter();
        break;
      case 3:
        index = reader.counter();
        break;
      case 4:
        data = readData(reader, ownership);
        break;
      default:
        reader.skip();
    }
  }
  if (type > EntryType.EntryConfChangeV2) reader.fail("unknown entry type");
  return createEntry(type as EntryType, term, index, data);
}

function readData(reader: WireReader, ownership: DataOwnership): Uint8Array {
  const outer = reader.enter();
  const { bytes, position, end } = reader;
  reader.leave(outer);
  if (reader.fault !== undefined || position === end) return emptyBytes;
  // Plain arrays: a Buffer's `slice` would be a view where others expect a copy.
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset + position, end - position);
  return ownership === "view" ? view : new Uint8Array(view);
}

function readSnapshot(reader: WireReader): Snapshot {
  let data = emptyBytes;
  let metadata: Snapshot["metadata"] = { confState: emptyConfState, index: 0, term: 0 };
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) data = readData(reader, "copy");
    else if (reader.field === 2) metadata = readMetadata(reader);
    else reader.skip();
  }
  reader.leave(outer);
  return { data, metadata };
}

function readMetadata(reader: WireReader): Snapshot["metadata"] {
  let confState = emptyConfState;
  let index = 0;
  let term = 0;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) confState = readConfState(reader);
    else if (reader.field === 2) index = reader.counter();
    else if (reader.field === 3) term = reader.counter();
    else reader.skip();
  }
  reader.leave(outer);
  return { confState, index, term };
}

function readConfState(reader: WireReader): ConfState {
  const lists: [bigint[], bigint[], bigint[], bigint[]] = [[], [], [], []];
  let autoLeave = false;
  const outer = reader.enter();
  while (reader.next()) {
    const list = lists[reader.field - 1];
    if (list !== undefined) reader.ids((id) => list.push(id));
    else if (reader.field === 5) autoLeave = reader.flag();
    else reader.skip();
  }
  reader.leave(outer);
  const [voters, learners, votersOutgoing, learnersNext] = lists;
  return { voters, learners, votersOutgoing, learnersNext, autoLeave };
}

/** Decodes a message that fills `bytes`; payloads are copies. */
export function decodeWholeMessage(bytes: Buffer): Message | MalformedMessage {
  return decodeMessage(new WireReader(bytes, 0, bytes.length), "copy");
}
