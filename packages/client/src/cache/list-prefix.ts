/** All rows of a range as they were at one revision, read in pages so that no answer is large. */
import { etcdserverpb } from "@quorate/proto";
import type { CallOptions } from "../calls.js";
import { bytes } from "../codec/codec.js";
import { wireRange, type KeyRange } from "../kv/key-range.js";
import { toKeyValue, type KeyValue } from "../kv/key-value.js";
import type { Store } from "../session/store.js";

const { KEY } = etcdserverpb.RangeRequest_SortTarget;

export interface ListOptions extends CallOptions {
  /** Rows of one answer. */
  readonly pageRows: number;
  readonly keysOnly?: boolean;
  /** The revision to read at; default is the newest. */
  readonly revision?: bigint;
}

export interface ListPage {
  /** In the order of their keys. */
  readonly rows: readonly KeyValue<Uint8Array>[];
  /** The same for all pages. */
  readonly revision: bigint;
}

/**
 * Yields at least one page, in the order of the keys.
 * @throws `compacted` when the revision is compacted away between two pages.
 */
export async function* listRange(
  { calls, keyspace }: Store,
  range: KeyRange,
  { pageRows, keysOnly = false, revision = 0n, ...options }: ListOptions,
): AsyncGenerator<ListPage, void, undefined> {
  const view = { keyspace, codec: bytes };
  const { key: first, rangeEnd } = keyspace.rangeToWire(wireRange(range));
  let key = first;
  let at = revision;
  for (;;) {
    const answer = await calls.unary(
      etcdserverpb.KV.method.range,
      {
        key,
        rangeEnd,
        limit: BigInt(pageRows),
        sortTarget: KEY,
        revision: at,
        keysOnly,
      },
      { ...options, safety: "read" },
    );
    if (at === 0n) at = answer.header?.revision ?? 0n;
    yield { rows: answer.kvs.map((pair) => toKeyValue(pair, view)), revision: at };
    const last = answer.kvs.at(-1);
    if (!answer.more || last === undefined) return;
    key = keyAfter(last.key);
  }
}

/** The smallest key above `key`. */
function keyAfter(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
