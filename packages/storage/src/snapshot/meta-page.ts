/** The two metas of a bbolt file: each commit writes the other one, so that one is whole whatever happens. */
import {
  getUint32,
  getUint64,
  MAGIC,
  META_BYTES,
  NO_FREELIST,
  PAGE_BYTES_MAX,
  PAGE_BYTES_MIN,
  PAGE_HEADER_BYTES,
  PageFlag,
  putUint16,
  putUint32,
  putUint64,
  VERSION,
} from "./format.js";

export interface Meta {
  readonly pageBytes: number;
  /** Of the root bucket. */
  readonly rootPage: number;
  /** Pages in use; the id of the next one. */
  readonly highWater: number;
  readonly transaction: number;
}

const FNV_BASIS = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const CHECKSUM_AT = 56;

/** FNV-1a, 64 bits. Metas are all it ever sees, so it need not be fast. */
export function fnv1a64(bytes: Uint8Array): bigint {
  let hash = FNV_BASIS;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  return hash;
}

/** A whole meta page; its place in the file is the parity of its transaction. The freelist is not persisted. */
export function encodeMetaPage(meta: Meta): Uint8Array {
  const page = new Uint8Array(meta.pageBytes);
  putUint64(page, 0, meta.transaction % 2);
  putUint16(page, 8, PageFlag.Meta);
  page.set(encodeMeta(meta, NO_FREELIST), PAGE_HEADER_BYTES);
  return page;
}

export function encodeMeta(meta: Meta, freelistPage: bigint): Uint8Array {
  const body = Buffer.alloc(META_BYTES);
  putUint32(body, 0, MAGIC);
  putUint32(body, 4, VERSION);
  putUint32(body, 8, meta.pageBytes);
  putUint64(body, 16, meta.rootPage);
  body.writeBigUInt64LE(freelistPage, 32);
  putUint64(body, 40, meta.highWater);
  putUint64(body, 48, meta.transaction);
  body.writeBigUInt64LE(fnv1a64(body.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  return body;
}

/** @param page the bytes at the start of a page. @returns undefined when they are no sound meta. */
export function decodeMetaPage(page: Buffer): Meta | undefined {
  if (page.length < PAGE_HEADER_BYTES + META_BYTES) return undefined;
  const body = page.subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + META_BYTES);
  if (getUint32(body, 0) !== MAGIC || getUint32(body, 4) !== VERSION) return undefined;
  if (body.readBigUInt64LE(CHECKSUM_AT) !== fnv1a64(body.subarray(0, CHECKSUM_AT))) return undefined;
  const pageBytes = getUint32(body, 8);
  // A power of two, of which the powers' bits have nothing in common.
  const isSound =
    pageBytes >= PAGE_BYTES_MIN && pageBytes <= PAGE_BYTES_MAX && (pageBytes & (pageBytes - 1)) === 0;
  if (!isSound) return undefined;
  const rootPage = getUint64(body, 16);
  return { pageBytes, rootPage, highWater: getUint64(body, 40), transaction: getUint64(body, 48) };
}
