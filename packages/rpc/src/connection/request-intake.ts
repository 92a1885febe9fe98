/**
 * From header blocks to request heads: HPACK, and the memory of blocks seen before.
 *
 * Invariant: every block of the connection passes through the decoder exactly once, unless it is remembered, which is
 * the promise that decoding it again would change nothing.
 */
import type { RequestHead } from "../grpc/request-head.js";
import { RequestHeadReader } from "../grpc/request-head.js";
import { HeadCache } from "../grpc/head-cache.js";
import { HpackDecoder } from "../hpack/hpack-decoder.js";
import { HpackError } from "../hpack/hpack-error.js";
import { ConnectionError, ErrorCode } from "../http2/frame.js";
import type { ServerContext } from "../server-context.js";
import { GrpcStatus } from "../status.js";

/** What both sides start with; we leave it there. */
const tableBytes = 4096;

export class RequestIntake {
  readonly #decoder = new HpackDecoder(tableBytes);
  readonly #cache = new HeadCache<RequestHead>();
  readonly #reader: RequestHeadReader;
  readonly #listBytesMax: number;

  constructor(context: ServerContext) {
    this.#reader = new RequestHeadReader(context.registry);
    this.#listBytesMax = context.options.limits.headerListBytesMax;
  }

  /** @throws ConnectionError COMPRESSION_ERROR when the block cannot be decoded. */
  readRequest(bytes: Buffer, start: number, end: number): RequestHead {
    const { generation } = this.#decoder;
    const remembered = this.#cache.find(bytes, start, end, generation);
    if (remembered !== undefined) return remembered;
    const complete = this.#decode(bytes, start, end);
    const head = this.#reader.finishRequest();
    if (!complete) return tooLarge(head, this.#listBytesMax);
    if (this.#decoder.generation === generation) this.#cache.remember(bytes, start, end, generation, head);
    return head;
  }

  /** @returns what is wrong with the trailers, undefined for nothing. */
  readTrailers(bytes: Buffer, start: number, end: number): string | undefined {
    const complete = this.#decode(bytes, start, end);
    const wrong = this.#reader.finishTrailers();
    return complete ? wrong : "trailers too large";
  }

  /** @returns false when the list was too large; the table is in step even so. */
  #decode(bytes: Buffer, start: number, end: number): boolean {
    try {
      this.#decoder.decode(bytes, start, end, this.#reader.onField, this.#listBytesMax);
      return true;
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      if (error.kind === "list-too-large") return false;
      throw new ConnectionError(ErrorCode.compressionError, error.message);
    }
  }
}

/** Fields are missing from the head, so nothing in it is to be trusted but that it is too large. */
function tooLarge(head: RequestHead, listBytesMax: number): RequestHead {
  const message = `header list larger than max (${listBytesMax} bytes)`;
  return {
    ...head,
    malformed: undefined,
    method: undefined,
    refusal: { httpStatus: 431, code: GrpcStatus.resourceExhausted, message },
  };
}
