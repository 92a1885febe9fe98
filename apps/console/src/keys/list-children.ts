/**
 * One page of a folder, found by skipping: a short read shows what comes next, and where that is a folder, the next read begins behind
 * all of its keys. So the cost is that of the page's children, whatever lies inside the folders.
 *
 * ```
 * keys      a/1  a/2  a/3 ... a/999999  b  c/1 ...
 * reads     [a/1 .. a/n]  jump to "a0"  [b  c/1 .. ]  jump to "c0"
 * children   a/                          b   c/
 * ```
 *
 * The reads are of one revision, so a page is a state that existed. The cursor is the first key of the next page; with the revision of the
 * first page, paging goes through that one state.
 */
import { create, etcdserverpb, consolepb } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { endOfPrefix, isBefore, isOpenEnd, keyAfter, rangeOfPrefix, startsWith } from "./key-range.js";
import type { KeyRange } from "./key-range.js";
import { measureValues } from "./measure-values.js";
import { readPage } from "./page-request.js";

/** Keys of one read: few while the reads end inside of folders, more while keys follow each other. */
const READ_KEYS_MIN = 8;
const READ_KEYS_FIRST = 32;
const READ_KEYS_MAX = 512;

const SLASH: Uint8Array = Uint8Array.of(0x2f);

interface Level {
  readonly prefix: Uint8Array;
  readonly delimiter: Uint8Array;
}

export async function listChildren(
  context: ReadContext,
  request: consolepb.ListChildrenRequest,
): Promise<consolepb.ListChildrenResponse> {
  const level = {
    prefix: request.prefix,
    delimiter: request.delimiter.length === 0 ? SLASH : request.delimiter,
  };
  const range = rangeOfPrefix(request.prefix);
  const { start, limit } = readPage(request, range);
  // One more than asked for tells where the next page begins, if there is one.
  const { children, revision } = await skipScan(context, level, {
    start,
    end: range.end,
    revision: request.revision,
    childrenMax: limit + 1,
  });
  const beyond = children.length > limit ? children.pop() : undefined;
  await measureValues(context, children, revision);
  return create(consolepb.ListChildrenResponseSchema, {
    children,
    next: beyond?.name ?? new Uint8Array(),
    revision,
  });
}

interface SkipScan extends KeyRange {
  readonly revision: bigint;
  readonly childrenMax: number;
}

async function skipScan(
  context: ReadContext,
  level: Level,
  scan: SkipScan,
): Promise<{ children: consolepb.Child[]; revision: bigint }> {
  const children: consolepb.Child[] = [];
  let { start, revision } = scan;
  let readKeys = READ_KEYS_FIRST;
  for (;;) {
    const response = await context.calls.unary(
      etcdserverpb.KV.method.range,
      { key: start, rangeEnd: scan.end, revision, keysOnly: true, limit: BigInt(readKeys) },
      { safety: "read", signal: context.signal },
    );
    if (revision === 0n) revision = response.header?.revision ?? 0n;
    const found = children.length;
    const next = takeChildren(response.kvs, level, children);
    if (children.length >= scan.childrenMax) {
      children.length = scan.childrenMax;
      return { children, revision };
    }
    if (!response.more || next === undefined || isOpenEnd(next) || !isBefore(next, scan.end)) {
      return { children, revision };
    }
    start = next;
    const isFruitful = children.length - found >= response.kvs.length / 2;
    readKeys = isFruitful ? Math.min(readKeys * 2, READ_KEYS_MAX) : Math.max(readKeys / 2, READ_KEYS_MIN);
  }
}

/** Adds what `keys` show to `children`. @returns where to read on, `\0` for nowhere; undefined when there were no keys. */
function takeChildren(
  keys: readonly mvccpb.KeyValue[],
  level: Level,
  children: consolepb.Child[],
): Uint8Array | undefined {
  let folder: Uint8Array | undefined;
  let next: Uint8Array | undefined;
  for (const key of keys) {
    if (folder !== undefined && startsWith(key.key, folder)) continue;
    folder = folderOf(key.key, level);
    children.push(
      create(
        consolepb.ChildSchema,
        folder === undefined ? { name: key.key, key } : { name: folder, isFolder: true },
      ),
    );
    next = folder === undefined ? keyAfter(key.key) : endOfPrefix(folder);
  }
  return next;
}

/** The folder of this level that `key` lies in: up to and with the first delimiter behind the prefix. */
function folderOf(key: Uint8Array, { prefix, delimiter }: Level): Uint8Array | undefined {
  const view = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const at = view.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}
