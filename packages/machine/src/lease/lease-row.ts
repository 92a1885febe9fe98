/** Rows of the table `lease`: 8-byte big-endian id -> encoded `leasepb.Lease`. Source: raft-peers-formats 6.1. */
import type { LeaseFacts } from "../apply/lessor-port.js";
import { CorruptionError } from "../mvcc/corruption-error.js";
import { WireError, WireReader } from "../apply/wire/wire-reader.js";
import { WireWriter } from "../apply/wire/wire-writer.js";

const TAG_ID = 0x08;
const TAG_TTL = 0x10;
const TAG_REMAINING_TTL = 0x18;
const ROW_BYTES = 33;

export function leaseRowKey(id: bigint): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigInt64(0, id);
  return key;
}

export function encodeLeaseRow({ id, ttl, remainingTtl }: LeaseFacts): Uint8Array {
  const writer = new WireWriter(ROW_BYTES);
  writer.bigInt64(TAG_ID, id);
  writer.int64(TAG_TTL, ttl);
  writer.int64(TAG_REMAINING_TTL, remainingTtl);
  return writer.copy();
}

/** @throws CorruptionError when the bytes are no lease. */
export function decodeLeaseRow(value: Uint8Array): LeaseFacts {
  const reader = new WireReader();
  reader.reset(value, 0, value.length);
  let id = 0n;
  let ttl = 0;
  let remainingTtl = 0;
  try {
    while (reader.position < reader.end) {
      const tag = reader.tag();
      if (tag === TAG_ID) id = reader.bigInt64();
      else if (tag === TAG_TTL) ttl = reader.int64();
      else if (tag === TAG_REMAINING_TTL) remainingTtl = reader.int64();
      else reader.skip(tag);
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new CorruptionError("a row of the table lease is no lease", { cause: error });
  }
  if (id === 0n) throw new CorruptionError("a row of the table lease has no id");
  return { id, ttl, remainingTtl };
}
