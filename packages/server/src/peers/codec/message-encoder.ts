/**
 * raft's messages as `raftpb.Message` bytes, written by hand: this is what a leader does for every batch of every follower.
 *
 * Scalars are written even when they are zero, as etcd's encoder of 3.6 and before did, which all generations read. `snapshot`
 * appears in MsgSnap only and `context` only when there is one. `vote` and `responses` never leave a member.
 * Source: reference raft-peers-formats 1.1 and 1.2.
 */
import { entryBytes, MessageType, type Entry, type Message, type Snapshot } from "@quorate/raft";
import { counterBytes, idBytes, WireWriter } from "./wire-writer.js";

/** Bytes of the message as `writeMessage` writes it. */
export function messageBytes(message: Message): number {
  // One tag a scalar, and a byte each for type (0 to 23) and reject.
  let total =
    11 +
    idBytes(message.to) +
    idBytes(message.from) +
    counterBytes(message.term) +
    counterBytes(message.logTerm) +
    counterBytes(message.index) +
    counterBytes(message.commit) +
    counterBytes(message.rejectHint);
  const entries = message.entries;
  for (let i = 0; i < entries.length; i++) {
    const bytes = entryBytes(entries[i]!);
    total += 1 + counterBytes(bytes) + bytes;
  }
  if (message.type === MessageType.MsgSnap && message.snapshot !== null) {
    const bytes = snapshotBytes(message.snapshot);
    total += 1 + counterBytes(bytes) + bytes;
  }
  const context = message.context.length;
  return context === 0 ? total : total + 1 + counterBytes(context) + context;
}

export function writeMessage(writer: WireWriter, message: Message): void {
  writer.byte(0x08);
  writer.byte(message.type);
  writer.byte(0x10);
  writer.id(message.to);
  writer.byte(0x18);
  writer.id(message.from);
  writer.byte(0x20);
  writer.counter(message.term);
  writer.byte(0x28);
  writer.counter(message.logTerm);
  writer.byte(0x30);
  writer.counter(message.index);
  const entries = message.entries;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    writer.byte(0x3a);
    writer.counter(entryBytes(entry));
    writeEntry(writer, entry);
  }
  writer.byte(0x40);
  writer.counter(message.commit);
  if (message.type === MessageType.MsgSnap && message.snapshot !== null) {
    writer.byte(0x4a);
    writer.counter(snapshotBytes(message.snapshot));
    writeSnapshot(writer, message.snapshot);
  }
  writer.byte(0x50);
  writer.byte(message.reject ? 1 : 0);
  writer.byte(0x58);
  writer.counter(message.rejectHint);
  if (message.context.length > 0) {
    writer.byte(0x62);
    writer.counter(message.context.length);
    writer.raw(message.context);
  }
}

/** Writes `entryBytes(entry)` bytes. Absent and empty data are the same to a reader. */
export function writeEntry(writer: WireWriter, entry: Entry): void {
  writer.byte(0x08);
  writer.byte(entry.type);
  writer.byte(0x10);
  writer.counter(entry.term);
  writer.byte(0x18);
  writer.counter(entry.index);
  if (entry.data.length === 0) return;
  writer.byte(0x22);
  writer.counter(entry.data.length);
  writer.raw(entry.data);
}

export function encodeMessage(message: Message): Buffer {
  const writer = new WireWriter(Buffer.allocUnsafe(messageBytes(message)));
  writeMessage(writer, message);
  return writer.bytes;
}

function snapshotBytes({ data, metadata }: Snapshot): number {
  const meta = metadataBytes(metadata);
  const fixed = 1 + counterBytes(meta) + meta;
  return data.length === 0 ? fixed : fixed + 1 + counterBytes(data.length) + data.length;
}

function metadataBytes({ confState, index, term }: Snapshot["metadata"]): number {
  const conf = confStateBytes(confState);
  return 1 + counterBytes(conf) + conf + 2 + counterBytes(index) + counterBytes(term);
}

function confStateBytes(conf: Snapshot["metadata"]["confState"]): number {
  let total = 2;
  for (const ids of [conf.voters, conf.learners, conf.votersOutgoing, conf.learnersNext]) {
    for (const id of ids) total += 1 + idBytes(id);
  }
  return total;
}

function writeSnapshot(writer: WireWriter, { data, metadata }: Snapshot): void {
  if (data.length > 0) {
    writer.byte(0x0a);
    writer.counter(data.length);
    writer.raw(data);
  }
  writer.byte(0x12);
  writer.counter(metadataBytes(metadata));
  const conf = metadata.confState;
  writer.byte(0x0a);
  writer.counter(confStateBytes(conf));
  writeIds(writer, 0x08, conf.voters);
  writeIds(writer, 0x10, conf.learners);
  writeIds(writer, 0x18, conf.votersOutgoing);
  writeIds(writer, 0x20, conf.learnersNext);
  writer.byte(0x28);
  writer.byte(conf.autoLeave ? 1 : 0);
  writer.byte(0x10);
  writer.counter(metadata.index);
  writer.byte(0x18);
  writer.counter(metadata.term);
}

/** Unpacked: all generations write repeated ids so. */
function writeIds(writer: WireWriter, tag: number, ids: readonly bigint[]): void {
  for (const id of ids) {
    writer.byte(tag);
    writer.id(id);
  }
}
