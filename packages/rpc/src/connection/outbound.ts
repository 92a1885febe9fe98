/**
 * The sending side of a server's connection: whole responses in one go, and a limit on what nobody reads.
 *
 * Invariant: trailers follow the last byte of a stream's queue.
 * Not here: frames and flow control (http2/frame-sender.ts), what the frames mean to a call (call-stream.ts).
 */
import type { Socket } from "node:net";
import type { ServerCounters } from "../counters.js";
import { ResponseBlocks } from "../grpc/response-blocks.js";
import { FrameFlag, FrameType, frameHeaderBytes, writeFrameHeader, writeUint32 } from "../http2/frame.js";
import { copyMessage, FrameSender } from "../http2/frame-sender.js";
import { OutputBuffer } from "../http2/output-buffer.js";
import type { GrpcLimits } from "../options.js";
import type { ServerContext } from "../server-context.js";
import type { CallStream } from "./call-stream.js";

/** HEADERS and trailers in their settled forms, and the prefix of a message. */
const unaryOverheadBytes = 11 + frameHeaderBytes + 5 + 10;

export class Outbound extends FrameSender<CallStream> {
  readonly blocks: ResponseBlocks = new ResponseBlocks();
  readonly #limits: GrpcLimits;
  readonly #counters: ServerCounters;
  #compressingBytes = 0;

  constructor(socket: Socket, context: ServerContext) {
    super(new OutputBuffer(socket, context.chunks), context.options.limits.outputHighWaterBytes);
    this.#limits = context.options.limits;
    this.#counters = context.counters;
  }

  /** Bytes of responses on their way to the peer that are not in the output yet, those being compressed included. */
  get unsentBytes(): number {
    return this.queuedBytes + this.#compressingBytes;
  }

  /** See `CallBase.congested`. */
  get congested(): boolean {
    const { queuedBytesMax, queuedBytesShare, serverQueuedBytesMax } = this.#limits;
    const unsent = this.unsentBytes;
    if (unsent <= queuedBytesShare) return false;
    return unsent > queuedBytesMax || this.#counters.responseBytesQueued > serverQueuedBytesMax;
  }

  /**
   * True when a whole response of `bytes` may be kept until the peer takes it. However large, one that has the connection
   * to itself may, while the server is below its mark.
   */
  admits(bytes: number): boolean {
    const { queuedBytesMax, queuedBytesShare, serverQueuedBytesMax } = this.#limits;
    const ofServer = this.#counters.responseBytesQueued;
    const unsent = this.unsentBytes;
    if (unsent + bytes <= queuedBytesShare) return true;
    if (unsent === 0) return ofServer <= serverQueuedBytesMax;
    return unsent + bytes <= queuedBytesMax && ofServer + bytes <= serverQueuedBytesMax;
  }

  /** Counts what waits for compression, or no longer does when `bytes` is negative. */
  addCompressing(bytes: number): void {
    this.#compressingBytes += bytes;
    this.#counters.responseBytesQueued += bytes;
  }

  /**
   * Writes a whole unary response, headers to trailers, when it can go out at once.
   * @returns false when it cannot; nothing was written then.
   */
  tryReply(stream: CallStream, message: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    const dataBytes = length + 5;
    if (!this.blocks.settled || !this.takeWindow(stream, dataBytes)) return false;
    this.framesSent += 3;
    const output = this.output;
    output.reserve(unaryOverheadBytes + length);
    const chunk = output.chunk;
    let at = writeFrameHeader(chunk, output.at, 2, FrameType.headers, FrameFlag.endHeaders, stream.id);
    chunk[at] = 0x88;
    chunk[at + 1] = 0xbf;
    at = writeFrameHeader(chunk, at + 2, dataBytes, FrameType.data, 0, stream.id);
    chunk[at] = 0;
    at = writeUint32(chunk, at + 1, length);
    copyMessage(message, start, end, chunk, at);
    at = writeFrameHeader(
      chunk,
      at + length,
      1,
      FrameType.headers,
      FrameFlag.endHeaders | FrameFlag.endStream,
      stream.id,
    );
    chunk[at] = 0xbe;
    output.at = at + 1;
    return true;
  }

  protected override addQueued(bytes: number): void {
    super.addQueued(bytes);
    this.#counters.responseBytesQueued += bytes;
  }
}
