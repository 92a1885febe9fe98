/**
 * Entries about leases. What is checked here is checked alike on every member; rows go to the transaction of the entry.
 * Source: raft-peers-formats 4.7, items 12 to 14; kv-watch-lease 8.1, 8.2, 8.8.
 */
import { encodeLeaseRow, leaseRowKey } from "../lease/lease-row.js";
import type { StoreWrites } from "../mvcc/store-api.js";
import type { LeaseTable } from "./lessor-port.js";
import type { RefusalCode } from "./refusal.js";
import { WIRE_BYTES, type WireReader } from "./wire/wire-reader.js";
import { WireWriter } from "./wire/wire-writer.js";

/** Checkpoints are stored from this cluster version on: older members would not know the field. */
const STORED_CHECKPOINTS_MINOR = 6;
const GRANT_REPLY_BYTES = 22;

const TAG_GRANT_TTL = 0x08;
const TAG_GRANT_ID = 0x10;
const TAG_ID = 0x08;
const TAG_REMAINING_TTL = 0x10;
const TAG_CHECKPOINTS: number = 0x08 | WIRE_BYTES;
const TAG_REPLY_ID = 0x10;
const TAG_REPLY_TTL = 0x18;

/** Where the lease entries are carried out: within the open transaction of `store`. */
export interface LeaseExecution {
  readonly store: StoreWrites;
  readonly leases: LeaseTable;
}

/** Grants a lease. @returns the LeaseGrantResponse behind its header, or why not. */
export function executeGrant(
  reader: WireReader,
  { store, leases }: LeaseExecution,
): readonly Uint8Array[] | RefusalCode {
  let id = 0n;
  let ttlWanted = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === TAG_GRANT_TTL) ttlWanted = reader.int64();
    else if (tag === TAG_GRANT_ID) id = reader.bigInt64();
    else reader.skip(tag);
  }
  const ttl = leases.grant(id, ttlWanted);
  if (typeof ttl === "string") return ttl;
  store.setRow("lease", leaseRowKey(id), encodeLeaseRow({ id, ttl, remainingTtl: 0 }));
  const reply = new WireWriter(GRANT_REPLY_BYTES);
  reply.bigInt64(TAG_REPLY_ID, id);
  reply.int64(TAG_REPLY_TTL, ttl);
  return [reply.copy()];
}

/** The id that a LeaseRevokeRequest names. */
export function decodeLeaseId(reader: WireReader): bigint {
  let id = 0n;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === TAG_ID) id = reader.bigInt64();
    else reader.skip(tag);
  }
  return id;
}

/** Revokes a lease: its keys are deleted in byte order, in one revision, together with its row. */
export function executeRevoke(id: bigint, { store, leases }: LeaseExecution): void {
  leases.revoke(id, (buffer, start, end) => {
    store.delete(buffer, start, end);
    return true;
  });
  store.setRow("lease", leaseRowKey(id), undefined);
}

/** Takes note of what is left of leases; unknown ones are passed over. */
export function executeCheckpoint(
  reader: WireReader,
  { store, leases }: LeaseExecution,
  clusterVersion: string | undefined,
): void {
  const isStored = storesCheckpoints(clusterVersion);
  const requestEnd = reader.end;
  while (reader.position < requestEnd) {
    const tag = reader.tag();
    if (tag !== TAG_CHECKPOINTS) {
      reader.skip(tag);
      continue;
    }
    const length = reader.length();
    reader.end = reader.position + length;
    let id = 0n;
    let remainingTtl = 0;
    while (reader.position < reader.end) {
      const field = reader.tag();
      if (field === TAG_ID) id = reader.bigInt64();
      else if (field === TAG_REMAINING_TTL) remainingTtl = reader.int64();
      else reader.skip(field);
    }
    reader.end = requestEnd;
    if (!leases.checkpoint(id, remainingTtl)) continue;
    const row = leases.row(id);
    if (isStored && row !== undefined) store.setRow("lease", leaseRowKey(id), encodeLeaseRow(row));
  }
}

function storesCheckpoints(version: string | undefined): boolean {
  const match = version === undefined ? null : /^(\d+)\.(\d+)\./.exec(version);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 3 || (major === 3 && minor >= STORED_CHECKPOINTS_MINOR);
}
