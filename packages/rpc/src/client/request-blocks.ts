/**
 * The header blocks of requests, as bytes that are encoded once: a method that is called again with the same metadata and timeout costs
 * a look-up and a copy.
 *
 * The table is filled by whoever comes first and never evicts, so that a block that refers to it stays true: each method's second
 * block is a dozen bytes. What does not fit any more, and what changes from call to call, goes as literals.
 * Invariant: a remembered block neither changes the table nor was encoded before a change of its size.
 * Limits: `blocksMax` blocks per connection; all are forgotten when there are more.
 */
import { isValidName } from "../grpc/field-rules.js";
import { HpackEncoder } from "../hpack/hpack-encoder.js";
import type { HeaderField } from "../hpack/hpack-encoder.js";
import { DEFAULT_TABLE_BYTES, ENTRY_OVERHEAD_BYTES } from "../hpack/dynamic-table.js";

/**
 * Names in lower case, none of gRPC's own; values in latin1, those of `-bin` names in base64. Kept by reference: what was passed must
 * not change afterwards.
 */
export type RequestMetadata = Readonly<Record<string, string>>;

const blocksMax = 256;
/** Metadata that tables must not keep, here or at the other end. */
const secretNames = new Set(["authorization", "token", "cookie", "proxy-authorization"]);
/** Longer values are unlikely to come again. */
const indexedBytesMax = 256;

/** Names that the transport itself writes. */
const reservedNames = new Set(["te", "content-type", "content-length", "host", "user-agent"]);
const latin1 = /^[\t\x20-\xff]*$/;

/** @returns what is wrong with metadata, undefined for nothing. */
export function checkMetadata(metadata: RequestMetadata): string | undefined {
  for (const name in metadata) {
    if (!isValidName(name) || name.startsWith("grpc-") || reservedNames.has(name))
      return `metadata may not be named "${name}"`;
    if (!latin1.test(metadata[name] ?? "")) return `the value of "${name}" is no latin1 text in one line`;
  }
  return undefined;
}

interface Block {
  readonly metadata: RequestMetadata | undefined;
  readonly timeout: string;
  readonly bytes: Uint8Array;
}

export class RequestBlocks {
  readonly #encoder = new HpackEncoder();
  readonly #scheme: string;
  readonly #authority: string;
  readonly #userAgent: string;
  readonly #byPath = new Map<string, Block>();
  #tableBytes = DEFAULT_TABLE_BYTES;
  #announceTable = false;
  #timeoutInserted = false;

  constructor(scheme: string, authority: string, userAgent: string) {
    this.#scheme = scheme;
    this.#authority = authority;
    this.#userAgent = userAgent;
  }

  /** The server has set SETTINGS_HEADER_TABLE_SIZE. Call it when the setting is applied. */
  setPeerTableBytes(bytes: number): void {
    // We never grow the table again: what is small once stays small.
    if (bytes >= this.#tableBytes) return;
    this.#tableBytes = bytes;
    this.#encoder.setMaxTableBytes(bytes);
    this.#announceTable = true;
    this.#byPath.clear();
  }

  /** The next block to be sent; each block asked for is sent, in this order. @param timeout a `grpc-timeout`, empty for none. */
  block(path: string, metadata: RequestMetadata | undefined, timeout: string): Uint8Array {
    const known = this.#byPath.get(path);
    if (known !== undefined && known.metadata === metadata && known.timeout === timeout) return known.bytes;
    const before = this.#encoder.insertions;
    const bytes = this.#encoder.encode(this.#fields(path, metadata, timeout));
    const isSettled = this.#encoder.insertions === before && !this.#announceTable;
    this.#announceTable = false;
    if (!isSettled) {
      // Entries have moved behind the new ones.
      this.#byPath.clear();
      return bytes;
    }
    if (this.#byPath.size >= blocksMax) this.#byPath.clear();
    this.#byPath.set(path, { metadata, timeout, bytes });
    return bytes;
  }

  #fields(path: string, metadata: RequestMetadata | undefined, timeout: string): readonly HeaderField[] {
    let room = this.#tableBytes - this.#encoder.tableBytes;
    const fields: HeaderField[] = [];
    /** @param left what has to stay free for others. */
    const add = (name: string, value: string, left: number): void => {
      const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
      const fits = value.length <= indexedBytesMax && bytes + left <= room;
      if (fits) room -= bytes;
      fields.push({ name, value, indexing: fits ? "incremental" : "without" });
    };
    // RFC 9113 section 8.3: pseudo-fields come before all others.
    add(":method", "POST", 0);
    add(":scheme", this.#scheme, 0);
    add(":authority", this.#authority, 0);
    add(":path", path, 0);
    add("content-type", "application/grpc", 0);
    add("te", "trailers", 0);
    add("user-agent", this.#userAgent, 0);
    for (const name in metadata) {
      const value = metadata[name];
      if (value === undefined) continue;
      // Values that are new each time must not use up what methods need.
      if (secretNames.has(name)) fields.push({ name, value, indexing: "never" });
      else add(name, value, this.#tableBytes / 2);
    }
    // Its name, and the value that comes most often.
    if (timeout !== "") add("grpc-timeout", timeout, this.#timeoutInserted ? this.#tableBytes : 0);
    this.#timeoutInserted ||= timeout !== "";
    return fields;
  }
}
