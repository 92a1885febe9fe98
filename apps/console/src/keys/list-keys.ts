/** One page of keys in order. With values a page may be shorter than asked for, because it is also bounded in bytes. */
import { consolepb, create, etcdserverpb } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { rangeOfPrefix } from "./key-range.js";
import { readPage } from "./page-request.js";
import { scanKeys } from "./scan-keys.js";

/** Bytes of values after which a page ends. */
export const PAGE_BYTES_MAX: number = 4 * 1024 * 1024;

export async function listKeys(
  context: ReadContext,
  request: consolepb.ListKeysRequest,
): Promise<consolepb.ListKeysResponse> {
  const range = rangeOfPrefix(request.prefix);
  const { start, limit } = readPage(request, range);
  const keys: mvccpb.KeyValue[] = [];
  let next: Uint8Array | undefined;
  let revision = request.revision;
  let bytes = 0;
  const scan = { start, end: range.end, revision, withValues: request.withValues, keysMax: limit };
  for await (const piece of scanKeys(context, scan)) {
    for (const key of piece.keys) {
      keys.push(key);
      bytes += key.value.length;
    }
    ({ next, revision } = piece);
    if (bytes >= PAGE_BYTES_MAX) break;
  }
  return create(consolepb.ListKeysResponseSchema, {
    keys,
    next: next ?? new Uint8Array(),
    revision,
    count: request.withCount ? await countKeys(context, request.prefix, revision) : 0n,
  });
}

async function countKeys(
  { calls, signal }: ReadContext,
  prefix: Uint8Array,
  revision: bigint,
): Promise<bigint> {
  const { start, end } = rangeOfPrefix(prefix);
  const { count } = await calls.unary(
    etcdserverpb.KV.method.range,
    { key: start, rangeEnd: end, revision, countOnly: true },
    { safety: "read", signal },
  );
  return count;
}
