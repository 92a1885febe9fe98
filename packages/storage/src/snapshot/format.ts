/**
 * The layout of a bbolt file, etcd's database: a file of pages, two of which (the metas) say where the tree begins.
 *
 * ```
 *   page 0   page 1   2 ..                                     high-water mark
 * +--------+--------+----------------------------------------+
 * | meta 0 | meta 1 | leaf, branch, freelist pages, and runs |
 * +--------+--------+----------------------------------------+
 * ```
 * A page begins with a header; a page that does not suffice is followed by `overflow` more without one. All integers are
 * little-endian. The root is a tree whose leaves hold buckets; a bucket is a tree of rows of its own, or, when it is small,
 * a leaf page that lies in the root's element ("inline").
 * Source: bbolt `internal/common` (page, meta, bucket), file format version 2.
 */

/** Of files we write; that of the machines that read them. */
export const PAGE_BYTES = 4096;
/** What a file may say its pages have: bbolt takes the page size of the machine that created it. */
export const PAGE_BYTES_MIN = 1024;
export const PAGE_BYTES_MAX: number = 1024 << 14;

/** Header: id u64 at 0, flags u16 at 8, count u16 at 10, overflow u32 at 12. */
export const PAGE_HEADER_BYTES = 16;
export const PageFlag = { Branch: 0x01, Leaf: 0x02, Meta: 0x04, Freelist: 0x10 } as const;

/**
 * Leaf element: flags u32, pos u32, ksize u32, vsize u32. Branch element: pos u32, ksize u32, child page u64. `pos` counts
 * from the element itself.
 */
export const ELEMENT_BYTES = 16;
/** Flag of a leaf element whose value is a bucket: root page u64 (0: inline), sequence u64, then the inline page. */
export const BUCKET_FLAG = 1;
export const BUCKET_HEADER_BYTES = 16;
/** An inline bucket (its page) may have this share of a page. */
export const INLINE_SHARE = 4;

/** The count in the header has 16 bits, and the highest value means something else in freelists. */
export const ELEMENTS_MAX = 0xfffe;
/** bbolt refuses longer keys. */
export const KEY_BYTES_MAX = 32768;

export const META_BYTES = 64;
export const MAGIC = 0xed0cdaed;
export const VERSION = 2;
/** The freelist is rebuilt by whoever opens the file for writing. */
export const NO_FREELIST: bigint = 0xffff_ffff_ffff_ffffn;

/** A client's snapshot file ends with a SHA-256 of what precedes it, which no database has: its size tells. */
export const DIGEST_BYTES = 32;
const DIGEST_MODULUS = 512;

export function hasDigest(fileBytes: number): boolean {
  return fileBytes % DIGEST_MODULUS === DIGEST_BYTES;
}

export function putUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** @param value a safe integer, 0 or above. */
export function putUint64(bytes: Uint8Array, at: number, value: number): void {
  putUint32(bytes, at, value >>> 0);
  putUint32(bytes, at + 4, Math.floor(value / 0x1_0000_0000));
}

export function getUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

export function getUint32(bytes: Uint8Array, at: number): number {
  return (getUint16(bytes, at) | (getUint16(bytes, at + 2) << 16)) >>> 0;
}

/** Not exact above 2^53, where nothing that is true about a file lies. */
export function getUint64(bytes: Uint8Array, at: number): number {
  return getUint32(bytes, at) + getUint32(bytes, at + 4) * 0x1_0000_0000;
}
