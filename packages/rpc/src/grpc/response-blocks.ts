/**
 * The header blocks of responses, as bytes.
 *
 * Nearly every response has the same two blocks: `:status 200, content-type application/grpc` and `grpc-status 0`. The
 * first response of a connection puts the two fields into the peer's HPACK table, all later ones are one and two bytes:
 *
 *   first HEADERS   88 5f..            inserts content-type
 *   first trailers  40..               inserts grpc-status, which becomes index 62 and moves content-type to 63
 *   then            88 bf  and  be
 *
 * Everything else is literals that touch no table. A peer that shrinks its table is told so in the next block; one with a
 * table too small for the two fields gets literals only.
 * Invariant: blocks are sent in the order they were asked for, and each block asked for is sent.
 */
import { literalWithoutIndexing, statelessField, TABLE_SIZE, writeInteger } from "../hpack/hpack-literal.js";
import type { RequestRefusal } from "./method-registry.js";
import { percentEncode } from "./percent-encoding.js";

export type HeaderPair = readonly [name: string, value: string];

const contentType: HeaderPair = ["content-type", "application/grpc"];
const tableBytesDefault = 4096;
/** Both fields, each with the 32 bytes that RFC 7541 section 4.1 adds. */
const tableBytesNeeded = 12 + 16 + 32 + (11 + 1 + 32);

const status200 = 0x88;
const literals = {
  headers: concat([Uint8Array.of(status200), statelessField(...contentType)]),
  okTrailers: statelessField("grpc-status", "0"),
};
const inserting = {
  // 0x5f: literal with incremental indexing, name is entry 31 of the static table.
  headers: concat([Uint8Array.of(status200, 0x5f, 16), Buffer.from(contentType[1], "latin1")]),
  okTrailers: concat([Uint8Array.of(0x40, 11), Buffer.from("grpc-status", "latin1"), Uint8Array.of(1, 0x30)]),
};
const indexed = {
  headersAlone: Uint8Array.of(status200, 0xbe),
  headers: Uint8Array.of(status200, 0xbf),
  okTrailers: Uint8Array.of(0xbe),
};

export class ResponseBlocks {
  /** True once both blocks have their final two- and one-byte forms; a hot path may then write them itself. */
  settled = false;
  #typeInserted = false;
  #okInserted = false;
  #useTable = true;
  #tableBytes = tableBytesDefault;
  #announceTable = false;

  /** The peer has set SETTINGS_HEADER_TABLE_SIZE. Call it when the setting is applied. */
  setPeerTableBytes(bytes: number): void {
    // We never grow the table again: what is small once stays small, and one announcement is enough.
    if (bytes >= this.#tableBytes) return;
    this.#tableBytes = bytes;
    this.#announceTable = true;
    if (bytes < tableBytesNeeded) this.#useTable = false;
    this.settled = false;
  }

  /** Block of the response headers. */
  headers(extra: readonly HeaderPair[] | undefined): Uint8Array {
    return this.#finish(this.#plainHeaders(), extra);
  }

  /** Block of the trailers. */
  trailers(code: number, message: string, extra: readonly HeaderPair[] | undefined): Uint8Array {
    if (code === 0 && message === "") return this.#finish(this.#okTrailers(), extra);
    return this.#finish(statusFields(code, message), extra);
  }

  /** The single block of a response without messages. */
  trailersOnly(code: number, message: string, extra: readonly HeaderPair[] | undefined): Uint8Array {
    return this.#finish(concat([literals.headers, statusFields(code, message)]), extra);
  }

  /** The single block of a refusal that tells those who do not speak gRPC by an HTTP status. */
  refusal({ httpStatus, code, message, fields }: RequestRefusal): Uint8Array {
    const status = statelessField(":status", String(httpStatus));
    const block = concat([status, statelessField(...contentType), statusFields(code, message)]);
    return this.#finish(block, fields);
  }

  #plainHeaders(): Uint8Array {
    if (!this.#useTable) return literals.headers;
    if (!this.#typeInserted) {
      this.#typeInserted = true;
      return inserting.headers;
    }
    return this.#okInserted ? indexed.headers : indexed.headersAlone;
  }

  #okTrailers(): Uint8Array {
    if (!this.#useTable) return literals.okTrailers;
    if (!this.#okInserted) {
      this.#okInserted = true;
      this.settled = true;
      return inserting.okTrailers;
    }
    return indexed.okTrailers;
  }

  #finish(block: Uint8Array, extra: readonly HeaderPair[] | undefined): Uint8Array {
    if (extra === undefined && !this.#announceTable) return block;
    const parts: Uint8Array[] = [];
    if (this.#announceTable) {
      this.#announceTable = false;
      this.settled = this.#useTable && this.#okInserted;
      const update = new Uint8Array(6);
      parts.push(update.subarray(0, writeInteger(update, 0, this.#tableBytes, TABLE_SIZE)));
    }
    parts.push(block);
    for (const [name, value] of extra ?? []) parts.push(statelessField(name, value));
    return concat(parts);
  }
}

function statusFields(code: number, message: string): Uint8Array {
  const fields = [literalWithoutIndexing("grpc-status", String(code))];
  if (message !== "") fields.push(literalWithoutIndexing("grpc-message", percentEncode(message)));
  return concat(fields);
}

/** A field of response metadata as it goes over the wire: bytes as base64 without padding. */
export function headerPair(name: string, value: string | Uint8Array): HeaderPair {
  if (typeof value === "string") return [name.toLowerCase(), value];
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  return [name.toLowerCase(), text.replace(/=+$/, "")];
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
