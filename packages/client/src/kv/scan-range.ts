/**
 * Ranges of any size: streamed by servers that can (etcd 3.7 and Quorate), read page by page from others. Either way all pairs are of
 * one revision, and a stream that breaks goes on behind the last pair.
 */
import { etcdserverpb, GrpcStatus, type mvccpb } from "@quorate/proto";
import type { Calls } from "../calls.js";
import { QuorateError } from "../errors/errors.js";
import { checkCount } from "./check-numbers.js";
import type { WireRange } from "./key-range.js";
import type { ReadOptions } from "./kv-options.js";
import { rangeRequest } from "./range-request.js";

const PAGE_SIZE = 1000;
/** Streams that break without a single pair between them. */
const FRUITLESS_MAX = 5;

export interface ScanParts<T> extends ReadOptions {
  readonly pageSize?: number;
  readonly convert: (pair: mvccpb.KeyValue) => T;
}

export async function* scanRange<T>(calls: Calls, range: WireRange, parts: ScanParts<T>): AsyncGenerator<T> {
  const { convert, pageSize = PAGE_SIZE } = parts;
  checkCount("pageSize", pageSize);
  let position = range;
  let revision = parts.revision;
  let fruitless = 0;
  try {
    // One revision for all that follows, which a stream names only at its end.
    revision ??= await readRevision(calls, range, parts);
    for (;;) {
      try {
        const request = rangeRequest(position, { ...parts, revision });
        const stream = calls.serverStream(etcdserverpb.KV.method.rangeStream, request, parts);
        for await (const { rangeResponse } of stream) {
          for (const pair of rangeResponse?.kvs ?? []) {
            position = behind(pair, range);
            fruitless = 0;
            yield convert(pair);
          }
        }
        return;
      } catch (error) {
        if (!(error instanceof QuorateError) || error.retry === "none" || fruitless >= FRUITLESS_MAX)
          throw error;
        fruitless += 1;
        await calls.backOff(fruitless, parts.signal);
      }
    }
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code !== GrpcStatus.Unimplemented) throw error;
  }
  yield* readPages(calls, { position, range, revision, pageSize }, parts);
}

interface PagePlace {
  readonly position: WireRange;
  readonly range: WireRange;
  readonly revision: bigint | undefined;
  readonly pageSize: number;
}

async function* readPages<T>(calls: Calls, place: PagePlace, parts: ScanParts<T>): AsyncGenerator<T> {
  const { pageSize } = place;
  let { position, revision } = place;
  for (;;) {
    const request = rangeRequest(position, { ...parts, revision, limit: pageSize });
    const answer = await calls.unary(etcdserverpb.KV.method.range, request, { ...parts, safety: "read" });
    revision ??= answer.header?.revision;
    for (const pair of answer.kvs) {
      position = behind(pair, place.range);
      yield parts.convert(pair);
    }
    if (!answer.more || answer.kvs.length === 0) return;
  }
}

async function readRevision(calls: Calls, range: WireRange, parts: ReadOptions): Promise<bigint | undefined> {
  const request = rangeRequest(
    { key: range.key, rangeEnd: new Uint8Array(0) },
    { ...parts, countOnly: true },
  );
  const { header } = await calls.unary(etcdserverpb.KV.method.range, request, { ...parts, safety: "read" });
  return header?.revision;
}

/** The rest of `range` behind the pair. */
function behind({ key }: mvccpb.KeyValue, { rangeEnd }: WireRange): WireRange {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return { key: next, rangeEnd };
}
