/**
 * What a committed entry does to this member: ordinary requests go to the machine, configuration changes to the member list
 * and to raft. Both leave their rows and the entry's index in one batch of the store.
 *
 * A refused change is applied as a change of no node: raft must hear of every one of them, or it would wait for ever.
 * Source: etcd `server/etcdserver/server.go`, applyConfChange.
 */
import {
  parseMember,
  type ApplyOutcome,
  type ClusterRecord,
  type MembershipChange,
  type RowSink,
  type StoreWrites,
} from "@quorate/machine";
import { EntryType, NONE, type ConfChange, type Entry, type RawNode } from "@quorate/raft";
import { assert } from "@quorate/std";
import { fromBinary, raftpb } from "@quorate/proto";
import { getTextEncoding } from "@bufbuild/protobuf/wire";
import type { AppliedConfChange, EntryApplier } from "./member-parts.js";
import type { ReportPort } from "./ports.js";

/** The machine's applier. */
export interface RequestApplier {
  apply(
    index: number,
    term: number,
    entry: Uint8Array,
    wanted: boolean,
  ): ApplyOutcome | Promise<ApplyOutcome>;
}

export interface EntryApplierParts {
  readonly requests: RequestApplier;
  readonly store: StoreWrites;
  readonly cluster: ClusterRecord;
  readonly report: ReportPort;
  /** Called for each applied entry with its payload size. */
  readonly onEntry: (index: number, payloadBytes: number) => void;
  /** The member list has changed. */
  readonly onMembership: (change: MembershipChange, index: number) => void;
}

export function createEntryApplier(parts: EntryApplierParts): EntryApplier {
  return {
    applyNormal: (entry, wanted) => {
      parts.onEntry(entry.index, entry.data.length);
      return parts.requests.apply(entry.index, entry.term, entry.data, wanted);
    },
    applyConfChange: (entry, node) => {
      parts.onEntry(entry.index, entry.data.length);
      return applyConfChange(parts, entry, node);
    },
  };
}

function applyConfChange(parts: EntryApplierParts, entry: Entry, node: RawNode): AppliedConfChange {
  const { store, cluster, report } = parts;
  assert(
    entry.type === EntryType.EntryConfChange,
    () => `entry ${entry.index} holds a change of an unknown form`,
  );
  const change = decodeConfChange(entry.data);
  store.begin(entry.index, entry.term);
  const rows: RowSink = (table, key, value) => store.setRow(table, key, value);
  const wish = membershipChange(change);
  const refusal = cluster.change(wish, rows);
  const confState = node.applyConfChange(refusal === undefined ? change : { ...change, nodeId: NONE });
  cluster.setConfState(confState, rows);
  store.end();
  const fields = { "member-id": change.nodeId.toString(16), change: wish.kind };
  if (refusal === undefined) report.info("applied a configuration change", fields);
  else report.warn("refused a configuration change", { ...fields, reason: refusal });
  if (refusal === undefined) parts.onMembership(wish, entry.index);
  return { id: change.id, refusal };
}

function decodeConfChange(data: Uint8Array): ConfChange {
  const { id, type, nodeId, context } = fromBinary(raftpb.ConfChangeSchema, data);
  return { id, type, nodeId, context };
}

function membershipChange(change: ConfChange): MembershipChange {
  const context = getTextEncoding().decodeUtf8(change.context);
  const member = context === "" ? undefined : parseMember(context);
  switch (change.type) {
    case raftpb.ConfChangeType.ConfChangeRemoveNode:
      return { kind: "remove", id: change.nodeId };
    case raftpb.ConfChangeType.ConfChangeUpdateNode:
      return { kind: "update", id: change.nodeId, peerUrls: member?.peerUrls ?? [] };
    case raftpb.ConfChangeType.ConfChangeAddNode:
    case raftpb.ConfChangeType.ConfChangeAddLearnerNode: {
      assert(
        member?.id === change.nodeId,
        () => `change for ${change.nodeId.toString(16)} carries member ${context}`,
      );
      if (member.isPromote) return { kind: "promote", id: change.nodeId };
      const isLearner = change.type === raftpb.ConfChangeType.ConfChangeAddLearnerNode;
      return { kind: "add", member: { ...member, isLearner } };
    }
  }
}
