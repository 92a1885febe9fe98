/**
 * Locks and elections among the keys of a prefix. Both are the same thing in the store: contenders create `<name>/<lease in hex>` on a lease of
 * theirs, and the one created first holds the lock or leads. A key only counts when it hangs on the very lease that its name ends with.
 */
import { consolepb, create, etcdserverpb, parseHexId, toInt64 } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { rangeOfPrefix } from "../keys/key-range.js";
import { scanKeys } from "../keys/scan-keys.js";
import { readLimit } from "../keys/page-request.js";
import { readLease } from "./list-leases.js";
import { mapBounded } from "./map-bounded.js";

const SCANNED_DEFAULT = 10_000;
const SCANNED_MAX = 200_000;
/** Contenders that are told; each costs a read of its value, and each lease one of its time. */
const CONTENDERS_MAX = 1000;
const ASKED_AT_ONCE = 16;
const SLASH = 0x2f;
const LEASE_DIGITS_MAX = 16;

export async function listContests(
  context: ReadContext,
  request: consolepb.ListContestsRequest,
): Promise<consolepb.ListContestsResponse> {
  const { keys, revision, truncated } = await findContenders(context, request);
  const ttls = await readTtls(context, keys);
  const contests = new Map<string, consolepb.Contest>();
  for (const key of await mapBounded(keys, ASKED_AT_ONCE, (key) => readValue(context, key, revision))) {
    const name = contestOf(key);
    if (name === undefined) continue;
    const id = Buffer.from(name).toString("latin1");
    const contest = contests.get(id) ?? create(consolepb.ContestSchema, { name });
    contests.set(id, contest);
    const ttlSeconds = ttls.get(key.lease) ?? -1n;
    contest.contenders.push(create(consolepb.ContenderSchema, { key, lease: key.lease, ttlSeconds }));
  }
  for (const { contenders } of contests.values()) contenders.sort(byCreation);
  return create(consolepb.ListContestsResponseSchema, { contests: [...contests.values()], truncated });
}

/** Without their values, in key order. */
async function findContenders(
  context: ReadContext,
  { prefix, scanMax }: consolepb.ListContestsRequest,
): Promise<{ keys: mvccpb.KeyValue[]; revision: bigint; truncated: boolean }> {
  const keys: mvccpb.KeyValue[] = [];
  let revision = 0n;
  let next: Uint8Array | undefined;
  const keysMax = readLimit(scanMax, SCANNED_DEFAULT, SCANNED_MAX);
  const scan = { ...rangeOfPrefix(prefix), revision, withValues: false, keysMax };
  for await (const piece of scanKeys(context, scan)) {
    ({ revision, next } = piece);
    for (const key of piece.keys) if (contestOf(key) !== undefined) keys.push(key);
    if (keys.length > CONTENDERS_MAX) break;
  }
  const truncated = next !== undefined || keys.length > CONTENDERS_MAX;
  return { keys: keys.slice(0, CONTENDERS_MAX), revision, truncated };
}

/** What stands before `/<lease in hex>`; undefined for a key that is no contender. */
export function contestOf({ key, lease }: mvccpb.KeyValue): Uint8Array | undefined {
  if (lease === 0n) return undefined;
  const slash = key.lastIndexOf(SLASH);
  const digits = key.length - slash - 1;
  if (slash < 1 || digits < 1 || digits > LEASE_DIGITS_MAX) return undefined;
  const id = parseHexId(Buffer.from(key.subarray(slash + 1)).toString("latin1"));
  return id !== undefined && toInt64(id) === lease ? key.subarray(0, slash) : undefined;
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
async function readValue(
  { calls, signal }: ReadContext,
  contender: mvccpb.KeyValue,
  revision: bigint,
): Promise<mvccpb.KeyValue> {
  const { kvs } = await calls.unary(
    etcdserverpb.KV.method.range,
    { key: contender.key, revision },
    { safety: "read", signal },
  );
  return kvs[0] ?? contender;
}

function byCreation(left: consolepb.Contender, right: consolepb.Contender): number {
  const [a, b] = [left.key?.createRevision ?? 0n, right.key?.createRevision ?? 0n];
  return a < b ? -1 : a > b ? 1 : 0;
}
