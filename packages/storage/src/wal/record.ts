/**
 * What the log's records carry, and their bodies as bytes.
 *
 * A record is `walpb.Record { int64 type = 1; uint32 crc = 2; bytes data = 3 }`. Its data is, by type, the node's metadata,
 * a `raftpb.Entry`, a `raftpb.HardState`, nothing (crc), or a `walpb.Snapshot`. Bodies are written the way etcd up to 3.6
 * writes them (every scalar present), which every generation reads; readers take absence for zero.
 * Source: etcd `walpb/record.proto`, `raftpb/raft.proto`, `etcdserverpb/etcdserver.proto`.
 */
import type { ConfState, Entry, HardState } from "@quorate/raft";
import { EntryType, createEntry, emptyBytes } from "@quorate/raft";
import { FieldReader, MalformedError, putVarint, putVarint64 } from "./varint.js";

export const RecordType = { Metadata: 1, Entry: 2, State: 3, Crc: 4, Snapshot: 5 } as const;

/** Whose log it is. Written at the start of every segment, so that each file tells by itself. */
export interface WalMetadata {
  readonly nodeId: bigint;
  readonly clusterId: bigint;
}

/** The log's note that a snapshot with this content exists; entries up to `index` may be missing from then on. */
export interface WalSnapshot {
  readonly index: number;
  readonly term: number;
  /** Absent in logs of etcd before 3.5, and at index 0. */
  readonly confState: ConfState | undefined;
}

export function encodeMetadata(metadata: WalMetadata): Uint8Array {
  const bytes = new Uint8Array(22);
  bytes[0] = 0x08;
  let position = putVarint64(bytes, 1, metadata.nodeId);
  bytes[position++] = 0x10;
  position = putVarint64(bytes, position, metadata.clusterId);
  return bytes.subarray(0, position);
}

export function decodeMetadata(reader: FieldReader): WalMetadata {
  let nodeId = 0n;
  let clusterId = 0n;
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === 0) nodeId = reader.id();
    else if (reader.field === 2 && reader.wire === 0) clusterId = reader.id();
    else reader.skip();
  }
  return { nodeId, clusterId };
}

export function encodeHardState(state: HardState): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes[0] = 0x08;
  let position = putVarint(bytes, 1, state.term);
  bytes[position++] = 0x10;
  position = putVarint64(bytes, position, state.vote);
  bytes[position++] = 0x18;
  position = putVarint(bytes, position, state.commit);
  return bytes.subarray(0, position);
}

export function decodeHardState(reader: FieldReader): HardState {
  let term = 0;
  let vote = 0n;
  let commit = 0;
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === 0) term = reader.counter();
    else if (reader.field === 2 && reader.wire === 0) vote = reader.id();
    else if (reader.field === 3 && reader.wire === 0) commit = reader.counter();
    else reader.skip();
  }
  return { term, vote, commit };
}

/** The payload is a view into the bytes that are read, not a copy. */
export function decodeEntry(reader: FieldReader): Entry {
  let type: number = EntryType.EntryNormal;
  let term = 0;
  let index = 0;
  let data = emptyBytes;
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === 0) type = reader.counter();
    else if (reader.field === 2 && reader.wire === 0) term = reader.counter();
    else if (reader.field === 3 && reader.wire === 0) index = reader.counter();
    else if (reader.field === 4 && reader.wire === 2) {
      const behind = reader.enter();
      const { bytes, position } = reader;
      if (behind > position)
        data = new Uint8Array(bytes.buffer, bytes.byteOffset + position, behind - position);
      reader.position = behind;
    } else reader.skip();
  }
  if (type > EntryType.EntryConfChangeV2) throw new MalformedError(`entry type ${type}`);
  return createEntry(type as EntryType, term, index, data);
}

export function encodeSnapshot(snapshot: WalSnapshot): Uint8Array {
  const conf = snapshot.confState;
  const body = conf === undefined ? undefined : encodeConfState(conf);
  const bytes = new Uint8Array(32 + (body?.length ?? 0));
  bytes[0] = 0x08;
  let position = putVarint(bytes, 1, snapshot.index);
  bytes[position++] = 0x10;
  position = putVarint(bytes, position, snapshot.term);
  if (body !== undefined) {
    bytes[position++] = 0x1a;
    position = putVarint(bytes, position, body.length);
    bytes.set(body, position);
    position += body.length;
  }
  return bytes.subarray(0, position);
}

export function decodeSnapshot(reader: FieldReader): WalSnapshot {
  let index = 0;
  let term = 0;
  let confState: ConfState | undefined;
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === 0) index = reader.counter();
    else if (reader.field === 2 && reader.wire === 0) term = reader.counter();
    else if (reader.field === 3 && reader.wire === 2) {
      const behind = reader.enter();
      confState = decodeConfState(new FieldReader(reader.bytes, reader.position, behind));
      reader.position = behind;
    } else reader.skip();
  }
  return { index, term, confState };
}

/** The four id lists have field numbers 1 to 4 in this order; `auto_leave` is 5. */
function encodeConfState(conf: ConfState): Uint8Array {
  const lists = [conf.voters, conf.learners, conf.votersOutgoing, conf.learnersNext];
  const count = lists.reduce((sum, list) => sum + list.length, 0);
  const bytes = new Uint8Array(11 * count + 2);
  let position = 0;
  for (const [i, list] of lists.entries()) {
    for (const id of list) {
      bytes[position++] = (i + 1) << 3;
      position = putVarint64(bytes, position, id);
    }
  }
  bytes[position++] = 0x28;
  bytes[position++] = conf.autoLeave ? 1 : 0;
  return bytes.subarray(0, position);
}

function decodeConfState(reader: FieldReader): ConfState {
  const lists: bigint[][] = [[], [], [], []];
  let autoLeave = false;
  while (reader.next()) {
    const list = lists[reader.field - 1];
    if (list !== undefined && reader.wire === 0) list.push(reader.id());
    else if (list !== undefined && reader.wire === 2) {
      // Packed: nobody writes it, but a protobuf reader has to take it.
      const behind = reader.enter();
      while (reader.position < behind) list.push(reader.id());
    } else if (reader.field === 5 && reader.wire === 0) autoLeave = reader.id() !== 0n;
    else reader.skip();
  }
  const [voters, learners, votersOutgoing, learnersNext] = lists as [bigint[], bigint[], bigint[], bigint[]];
  return { voters, learners, votersOutgoing, learnersNext, autoLeave };
}
