/** One page of leases by id, each with its remaining time and its keys. */
import { consolepb, create, etcdserverpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { readLimit } from "../keys/page-request.js";
import { mapBounded } from "./map-bounded.js";

/** Leases asked about at a time, and between two looks at the bytes that came. */
const ASKED_AT_ONCE = 16;
/** Bytes of keys after which a page ends. */
const PAGE_KEY_BYTES_MAX = 4 * 1024 * 1024;

export async function listLeases(
  context: ReadContext,
  request: consolepb.ListLeasesRequest,
): Promise<consolepb.ListLeasesResponse> {
  const limit = readLimit(request.limit);
  const { calls, signal } = context;
  const all = await calls.unary(etcdserverpb.Lease.method.leaseLeases, {}, { safety: "read", signal });
  const ids = all.leases.map(({ ID }) => ID).sort(byNumber);
  const begin = request.cursor === 0n ? 0 : ids.findIndex((id) => id > request.cursor);
  const page = begin < 0 ? [] : ids.slice(begin, begin + limit);
  const leases: etcdserverpb.LeaseTimeToLiveResponse[] = [];
  let place = 0;
  let bytes = 0;
  while (place < page.length && bytes < PAGE_KEY_BYTES_MAX) {
    const group = page.slice(place, place + ASKED_AT_ONCE);
    const answers = await mapBounded(group, ASKED_AT_ONCE, (id) => readLease(context, id, true));
    for (const answer of answers) {
      for (const key of answer.keys) bytes += key.length;
      // One that ended since the list was made is no lease any more.
      if (answer.TTL >= 0n) leases.push(answer);
    }
    place += group.length;
  }
  const isLast = begin < 0 || begin + place >= ids.length;
  return create(consolepb.ListLeasesResponseSchema, {
    leases,
    next: isLast ? 0n : (page[place - 1] ?? 0n),
    total: BigInt(ids.length),
  });
}

/** Remaining seconds are -1 for a lease that is gone. */
export function readLease(
  { calls, signal }: ReadContext,
  id: bigint,
  keys: boolean,
): Promise<etcdserverpb.LeaseTimeToLiveResponse> {
  return calls.unary(etcdserverpb.Lease.method.leaseTimeToLive, { ID: id, keys }, { safety: "read", signal });
}

function byNumber(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
