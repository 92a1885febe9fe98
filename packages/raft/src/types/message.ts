/**
 * Messages between nodes, and between a node and its own storage.
 *
 * One flat shape for all types, as upstream's; reference section 1.3 says which fields matter for which type. Every field
 * is always present (0, null or empty when unused) so that all messages share one V8 shape.
 * Source: upstream raftpb/raft.proto, message Message.
 */
import { type Entry, emptyBytes } from "./entry.js";
import type { Snapshot } from "./snapshot.js";

/** The numbers are those of the wire. */
export const MessageType = {
  MsgHup: 0,
  MsgBeat: 1,
  MsgProp: 2,
  MsgApp: 3,
  MsgAppResp: 4,
  MsgVote: 5,
  MsgVoteResp: 6,
  MsgSnap: 7,
  MsgHeartbeat: 8,
  MsgHeartbeatResp: 9,
  MsgUnreachable: 10,
  MsgSnapStatus: 11,
  MsgCheckQuorum: 12,
  MsgTransferLeader: 13,
  MsgTimeoutNow: 14,
  MsgReadIndex: 15,
  MsgReadIndexResp: 16,
  MsgPreVote: 17,
  MsgPreVoteResp: 18,
  MsgStorageAppend: 19,
  MsgStorageAppendResp: 20,
  MsgStorageApply: 21,
  MsgStorageApplyResp: 22,
  MsgForgetLeader: 23,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** "No node": no leader known, no vote cast. Never the id of a member. */
export const NONE = 0n;
/** Pseudo node: whoever writes log, hard state and snapshots of this node. */
export const LOCAL_APPEND_THREAD = 0xffff_ffff_ffff_ffffn;
/** Pseudo node: whoever applies this node's committed entries. */
export const LOCAL_APPLY_THREAD = 0xffff_ffff_ffff_fffen;

/** Immutable once built: a message may be queued, sent and delivered in-process without copies. */
export interface Message {
  readonly type: MessageType;
  /** Node ids are unsigned 64-bit. */
  readonly to: bigint;
  readonly from: bigint;
  /** 0 marks a local message: no term comparison at all. */
  readonly term: number;
  readonly logTerm: number;
  readonly index: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
  /** Only in MsgStorageAppend: the vote to persist. */
  readonly vote: bigint;
  /** Set in MsgSnap, MsgStorageAppend and MsgStorageAppendResp only. */
  readonly snapshot: Snapshot | null;
  readonly reject: boolean;
  readonly rejectHint: number;
  /** Opaque; `emptyBytes` when absent. */
  readonly context: Uint8Array;
  /** Only in MsgStorageAppend and MsgStorageApply: what to deliver once the write is done, in this order. */
  readonly responses: readonly Message[];
}

/** What a caller of `createMessage` may leave out. */
export type MessageFields = Pick<Message, "type"> & Partial<Omit<Message, "type">>;

const noEntries: readonly Entry[] = [];
const noMessages: readonly Message[] = [];

/** Builds a message of the one shape; fields left out are 0, null, false or empty. */
export function createMessage(fields: MessageFields): Message {
  return createMessageFrom(fields, fields.from ?? NONE, fields.term ?? 0);
}

/** Like `createMessage`, with sender and term given apart: spares the hot path a copy of `fields`. */
export function createMessageFrom(fields: MessageFields, from: bigint, term: number): Message {
  return {
    type: fields.type,
    to: fields.to ?? NONE,
    from,
    term,
    logTerm: fields.logTerm ?? 0,
    index: fields.index ?? 0,
    entries: fields.entries ?? noEntries,
    commit: fields.commit ?? 0,
    vote: fields.vote ?? NONE,
    snapshot: fields.snapshot ?? null,
    reject: fields.reject ?? false,
    rejectHint: fields.rejectHint ?? 0,
    context: fields.context ?? emptyBytes,
    responses: fields.responses ?? noMessages,
  };
}

/** True for types a node only ever sends to itself; they are refused when they come from the network. */
export function isLocalMessage(type: MessageType): boolean {
  switch (type) {
    case MessageType.MsgHup:
    case MessageType.MsgBeat:
    case MessageType.MsgUnreachable:
    case MessageType.MsgSnapStatus:
    case MessageType.MsgCheckQuorum:
    case MessageType.MsgStorageAppend:
    case MessageType.MsgStorageAppendResp:
    case MessageType.MsgStorageApply:
    case MessageType.MsgStorageApplyResp:
      return true;
    default:
      return false;
  }
}

/** True for answers; they are refused when the sender is not part of the configuration. */
export function isResponseMessage(type: MessageType): boolean {
  switch (type) {
    case MessageType.MsgAppResp:
    case MessageType.MsgVoteResp:
    case MessageType.MsgHeartbeatResp:
    case MessageType.MsgUnreachable:
    case MessageType.MsgReadIndexResp:
    case MessageType.MsgPreVoteResp:
    case MessageType.MsgStorageAppendResp:
    case MessageType.MsgStorageApplyResp:
      return true;
    default:
      return false;
  }
}

/** True for the two pseudo nodes of asynchronous storage writes. */
export function isLocalTarget(id: bigint): boolean {
  return id === LOCAL_APPEND_THREAD || id === LOCAL_APPLY_THREAD;
}
