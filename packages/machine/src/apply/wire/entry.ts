/**
 * Log entries: encoded `InternalRaftRequest`s. An entry of ours is the operation, then the header:
 *
 *     tag(operation) | length | the client's request, verbatim | a2 06 | length | 08 id | [12 user | 18 auth revision]
 *
 * A request id is (low 16 bits of the member id) << 48 | suffix; the two are kept apart because together they do not fit
 * a safe integer. Source: raft-peers-formats 4.2 and 4.3.
 */
import { WIRE_BYTES, WIRE_VARINT, type WireReader } from "./wire-reader.js";
import { varintSize, writeVarint, writeVarintWords } from "./wire-writer.js";

/** Field numbers of the operations of InternalRaftRequest. */
export const OPERATION = {
  v2: 2,
  range: 3,
  put: 4,
  deleteRange: 5,
  txn: 6,
  compaction: 7,
  leaseGrant: 8,
  leaseRevoke: 9,
  alarm: 10,
  leaseCheckpoint: 11,
  authEnable: 1000,
  authDisable: 1011,
  authenticate: 1012,
  authStatus: 1013,
  authUserAdd: 1100,
  authUserDelete: 1101,
  authUserGet: 1102,
  authUserChangePassword: 1103,
  authUserGrantRole: 1104,
  authUserRevokeRole: 1105,
  authUserList: 1106,
  authRoleList: 1107,
  authRoleAdd: 1200,
  authRoleDelete: 1201,
  authRoleGet: 1202,
  authRoleGrantPermission: 1203,
  authRoleRevokePermission: 1204,
  clusterVersionSet: 1300,
  clusterMemberAttrSet: 1301,
  downgradeInfoSet: 1302,
  downgradeVersionTest: 9900,
} as const;

/** Who proposes. `user` and `authRevision` are set when authentication is on. */
export interface EntryHeader {
  /** Low 16 bits of the proposing member's id. */
  readonly idPrefix: number;
  /** 48-bit safe integer, unique at that member. */
  readonly idSuffix: number;
  readonly user?: Uint8Array;
  readonly authRevision?: number;
}

const TWO_POW_32 = 0x1_0000_0000;
const TWO_POW_16 = 0x1_0000;
const HEADER_FIELD = 100;
/** Entries up to this size share slabs: a malloc each would cost more than the copy. */
const SLAB_ENTRY_BYTES_MAX = 4096;
const SLAB_BYTES = 65_536;
const EMPTY = new Uint8Array(0);

/** Encodes entries. They are views into shared slabs, never written again. */
export class EntryEncoder {
  #slab = new Uint8Array(0);
  #used = 0;

  /** The entry for `request`, which is copied, as operation `operation`. */
  encode(operation: number, request: Uint8Array, header: EntryHeader): Uint8Array {
    const entry = this.#allocate(entrySize(operation, request.length, header));
    let at = writeVarint(entry, 0, operation * 8 + WIRE_BYTES);
    at = writeVarint(entry, at, request.length);
    entry.set(request, at);
    writeHeader(entry, at + request.length, header);
    return entry;
  }

  #allocate(size: number): Uint8Array {
    if (size > SLAB_ENTRY_BYTES_MAX) return new Uint8Array(size);
    if (this.#used + size > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += size;
    return this.#slab.subarray(start, start + size);
  }
}

/** Bytes of the entry that `EntryEncoder` makes: what --max-request-bytes is measured on. */
export function entrySize(operation: number, requestSize: number, header: EntryHeader): number {
  const content = headerContentSize(header);
  const headerSize = 2 + varintSize(content) + content;
  return varintSize(operation * 8 + WIRE_BYTES) + varintSize(requestSize) + requestSize + headerSize;
}

function headerContentSize(header: EntryHeader): number {
  let size = 0;
  const { high, low } = idWords(header);
  if (high !== 0 || low !== 0) size += 1 + varintSizeOfWords(low, high);
  const user = header.user;
  if (user !== undefined && user.length > 0) size += 1 + varintSize(user.length) + user.length;
  const authRevision = header.authRevision ?? 0;
  if (authRevision !== 0) size += 1 + varintSize(authRevision);
  return size;
}

function writeHeader(target: Uint8Array, start: number, header: EntryHeader): void {
  let at = writeVarint(target, start, HEADER_FIELD * 8 + WIRE_BYTES);
  at = writeVarint(target, at, headerContentSize(header));
  const { high, low } = idWords(header);
  if (high !== 0 || low !== 0) {
    target[at++] = 0x08;
    at = writeVarintWords(target, at, low, high);
  }
  const user = header.user;
  if (user !== undefined && user.length > 0) {
    target[at++] = 0x12;
    at = writeVarint(target, at, user.length);
    target.set(user, at);
    at += user.length;
  }
  const authRevision = header.authRevision ?? 0;
  if (authRevision !== 0) {
    target[at++] = 0x18;
    writeVarint(target, at, authRevision);
  }
}

function idWords(header: EntryHeader): { high: number; low: number } {
  const suffixHigh = Math.floor(header.idSuffix / TWO_POW_32);
  return { high: ((header.idPrefix << 16) | suffixHigh) >>> 0, low: header.idSuffix % TWO_POW_32 };
}

function varintSizeOfWords(low: number, high: number): number {
  if (high === 0) return varintSize(low);
  // The fifth byte has the last 4 bits of the low word and the first 3 of the high one.
  return high < 8 ? 5 : 5 + varintSize(high >>> 3);
}

/** What an entry says, as ranges into its bytes. */
export class EntryView {
  /** Field number of the operation; 0 when the entry has none that is known. */
  operation = 0;
  start = 0;
  end = 0;
  idPrefix = 0;
  idSuffix = 0;
  userStart = 0;
  userEnd = 0;
  authRevision = 0;

  reset(): void {
    this.operation = this.start = this.end = 0;
    this.idPrefix = this.idSuffix = 0;
    this.userStart = this.userEnd = this.authRevision = 0;
  }
}

const KNOWN_OPERATIONS: ReadonlySet<number> = new Set(Object.values(OPERATION));

/** Reads the entry `data` into `view`; throws `WireError`. Exactly one operation is expected: the last one wins. */
export function decodeEntry(reader: WireReader, data: Uint8Array, view: EntryView): void {
  view.reset();
  reader.reset(data, 0, data.length);
  while (reader.position < data.length) {
    const tag = reader.tag();
    const field = tag >>> 3;
    if (tag === WIRE_VARINT + 8) {
      // The id of releases before 3.0; later ones have it in the header.
      reader.words();
      setId(reader, view);
    } else if ((tag & 7) !== WIRE_BYTES) reader.skip(tag);
    else if (field === HEADER_FIELD) decodeHeader(reader, reader.length(), view);
    else {
      const length = reader.length();
      if (field === OPERATION.put || field === OPERATION.txn || KNOWN_OPERATIONS.has(field)) {
        view.operation = field;
        view.start = reader.position;
        view.end = reader.position + length;
      }
      reader.position += length;
    }
  }
}

function decodeHeader(reader: WireReader, length: number, view: EntryView): void {
  const outerEnd = reader.end;
  reader.end = reader.position + length;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 8) {
      reader.words();
      setId(reader, view);
    } else if (tag === 18) {
      const size = reader.length();
      view.userStart = reader.position;
      view.userEnd = reader.position += size;
    } else if (tag === 24) view.authRevision = reader.int64();
    else reader.skip(tag);
  }
  reader.end = outerEnd;
}

function setId(reader: WireReader, view: EntryView): void {
  const high = reader.highWord;
  view.idPrefix = high >>> 16;
  view.idSuffix = (high % TWO_POW_16) * TWO_POW_32 + reader.lowWord;
}

/** Makes request id suffixes: (low 40 bits of unix milliseconds) << 8, incremented before each use. */
export class RequestIds {
  #last: number;

  constructor(unixMilliseconds: number) {
    this.#last = (unixMilliseconds % 2 ** 40) * 256;
  }

  /** The next 48-bit suffix. */
  next(): number {
    this.#last = (this.#last + 1) % 2 ** 48;
    return this.#last;
  }
}

/** The upper 16 bits of request ids of a member. */
export function requestIdPrefix(memberId: bigint): number {
  return Number(memberId & 0xffffn);
}

/** An operation without content, such as auth_enable. */
export const NO_CONTENT: Uint8Array = EMPTY;
