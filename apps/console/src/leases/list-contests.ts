/**
 * Locks and elections among the keys of a prefix. Both are the same thing in the store: contenders create `<name>/<lease in hex>` on a lease of
 * theirs, and the one created first holds the lock or leads. A key only counts when it hangs on the very lease that its name ends with.
 *
 * Keys are looked through without their values, which since etcd 3.7 leaves their leases out too; so those that end with the id of a lease there
 * is are read once more.
 */
import { consolepb, create, etcdserverpb, parseHexId, toInt64 } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { rangeOfPrefix } from "../keys/key-range.js";
import { readLimit } from "../keys/page-request.js";
import { scanKeys } from "../keys/scan-keys.js";
import { readLease } from "./list-leases.js";
import { mapBounded } from "./map-bounded.js";

const SCANNED_DEFAULT = 10_000;
const SCANNED_MAX = 200_000;
/** Contenders that are told; each costs a read, and each of their leases another one. */
export const CONTENDERS_MAX = 1000;
const ASKED_AT_ONCE = 16;
const SLASH = 0x2f;
const LEASE_DIGITS_MAX = 16;

export async function listContests(
  context: ReadContext,
  request: consolepb.ListContestsRequest,
): Promise<consolepb.ListContestsResponse> {
  const { keys, truncated } = await findContenders(context, request);
  const ttls = await readTtls(context, keys);
  const contests = new Map<string, consolepb.Contest>();
  for (const key of keys) {
    const name = key.key.subarray(0, key.key.lastIndexOf(SLASH));
    const id = Buffer.from(name).toString("latin1");
    const contest = contests.get(id) ?? create(consolepb.ContestSchema, { name });
    contests.set(id, contest);
    const ttlSeconds = ttls.get(key.lease) ?? -1n;
    contest.contenders.push(create(consolepb.ContenderSchema, { key, lease: key.lease, ttlSeconds }));
  }
  for (const { contenders } of contests.values()) contenders.sort(byCreation);
  return create(consolepb.ListContestsResponseSchema, { contests: [...contests.values()], truncated });
}

/** With their values, in key order. */
async function findContenders(
  context: ReadContext,
  { prefix, scanMax }: consolepb.ListContestsRequest,
): Promise<{ keys: mvccpb.KeyValue[]; truncated: boolean }> {
  const { calls, signal } = context;
  const all = await calls.unary(etcdserverpb.Lease.method.leaseLeases, {}, { safety: "read", signal });
  const leases = new Set(all.leases.map(({ ID }) => ID));
  const named: Uint8Array[] = [];
  let revision = 0n;
  let next: Uint8Array | undefined;
  const keysMax = readLimit(scanMax, SCANNED_DEFAULT, SCANNED_MAX);
  const scan = { ...rangeOfPrefix(prefix), revision, withValues: false, keysMax };
  for await (const piece of scanKeys(context, scan)) {
    ({ revision, next } = piece);
    for (const { key } of piece.keys) if (leases.has(leaseInName(key) ?? 0n)) named.push(key);
    if (named.length > CONTENDERS_MAX) break;
  }
  const truncated = next !== undefined || named.length > CONTENDERS_MAX;
  const read = await mapBounded(named.slice(0, CONTENDERS_MAX), ASKED_AT_ONCE, (key) =>
    readKey(context, key, revision),
  );
  return { keys: read.flat().filter(({ key, lease }) => leaseInName(key) === lease), truncated };
}

/** The lease that a contender's key ends with; undefined for a key that can be none. */
export function leaseInName(key: Uint8Array): bigint | undefined {
  const slash = key.lastIndexOf(SLASH);
  const digits = key.length - slash - 1;
  if (slash < 1 || digits < 1 || digits > LEASE_DIGITS_MAX) return undefined;
  const id = parseHexId(Buffer.from(key.subarray(slash + 1)).toString("latin1"));
  return id === undefined || id === 0n ? undefined : toInt64(id);
}

async function readTtls(
  context: ReadContext,
  keys: readonly mvccpb.KeyValue[],
): Promise<ReadonlyMap<bigint, bigint>> {
  const leases = [...new Set(keys.map(({ lease }) => lease))];
  const answers = await mapBounded(leases, ASKED_AT_ONCE, (id) => readLease(context, id, false));
  return new Map(answers.map(({ ID, TTL }) => [ID, TTL]));
}

/** At the revision of the scan, so that the key is there. */
async function readKey(
  { calls, signal }: ReadContext,
  key: Uint8Array,
  revision: bigint,
): Promise<mvccpb.KeyValue[]> {
  const { kvs } = await calls.unary(
    etcdserverpb.KV.method.range,
    { key, revision },
    { safety: "read", signal },
  );
  return kvs;
}

function byCreation(left: consolepb.Contender, right: consolepb.Contender): number {
  const [a, b] = [left.key?.createRevision ?? 0n, right.key?.createRevision ?? 0n];
  return a < b ? -1 : a > b ? 1 : 0;
}
