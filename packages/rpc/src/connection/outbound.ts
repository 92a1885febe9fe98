/**
 * The sending side of a connection: frames, the peer's flow control, fairness between streams, and the slow reader.
 *
 * A response that fits the windows is written straight into the output buffer. What does not fit waits in its stream's
 * queue; streams that may send take turns, one frame each, whenever a window opens or the socket drains.
 *
 * Invariants: a stream is in the ring of ready streams exactly when it has queued bytes and an open window of its own.
 * Trailers follow the last byte of the queue. DATA stops at `outputHighWaterBytes`; control frames do not.
 * Source: RFC 9113 sections 5.2 and 6.9. Not here: what the frames mean to a call (call-stream.ts).
 */
import type { Socket } from "node:net";
import type { ServerCounters } from "../counters.js";
import { ResponseBlocks } from "../grpc/response-blocks.js";
import { OutputBuffer } from "../http2/output-buffer.js";
import {
  ConnectionError,
  ErrorCode,
  FrameFlag,
  FrameType,
  frameBytesDefault,
  frameHeaderBytes,
  windowBytesDefault,
  windowBytesLimit,
  writeFrameHeader,
  writeUint32,
} from "../http2/frame.js";
import type { GrpcLimits } from "../options.js";
import type { ServerContext } from "../server-context.js";
import type { CallStream } from "./call-stream.js";
import { SendQueue } from "./send-queue.js";

/** HEADERS and trailers in their settled forms, and the prefix of a message. */
const unaryOverheadBytes = 11 + frameHeaderBytes + 5 + 10;

export class Outbound {
  readonly output: OutputBuffer;
  readonly blocks: ResponseBlocks = new ResponseBlocks();
  /** What new streams start with, from the peer's SETTINGS. */
  initialStreamWindow: number = windowBytesDefault;
  /** DATA bytes sent since the start. */
  dataBytes = 0;
  /** DATA and HEADERS frames sent since somebody last looked. */
  framesSent = 0;
  readonly #limits: GrpcLimits;
  readonly #counters: ServerCounters;
  #queuedBytes = 0;
  #compressingBytes = 0;
  #window = windowBytesDefault;
  #readyFirst: CallStream | undefined;
  #readyLast: CallStream | undefined;

  constructor(socket: Socket, context: ServerContext) {
    this.output = new OutputBuffer(socket, context.chunks);
    this.#limits = context.options.limits;
    this.#counters = context.counters;
  }

  /** Bytes in the queues of all streams. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Bytes of responses on their way to the peer that are not in the output yet, those being compressed included. */
  get unsentBytes(): number {
    return this.#queuedBytes + this.#compressingBytes;
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
    const output = this.output;
    if (
      !this.blocks.settled ||
      dataBytes > frameBytesDefault ||
      dataBytes > this.#window ||
      dataBytes > stream.sendWindow ||
      this.#readyFirst !== undefined ||
      output.backlogBytes > this.#limits.outputHighWaterBytes
    ) {
      return false;
    }
    this.#window -= dataBytes;
    stream.sendWindow -= dataBytes;
    this.dataBytes += dataBytes;
    this.framesSent += 3;
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

  /**
   * Writes one message as one DATA frame when it can go out at once; headers have been sent.
   * @returns false when it cannot; nothing was written then.
   */
  trySend(stream: CallStream, message: Uint8Array): boolean {
    const length = message.length;
    const dataBytes = length + 5;
    const output = this.output;
    if (
      dataBytes > frameBytesDefault ||
      dataBytes > this.#window ||
      dataBytes > stream.sendWindow ||
      stream.bufferedBytes > 0 ||
      this.#readyFirst !== undefined ||
      output.backlogBytes > this.#limits.outputHighWaterBytes
    ) {
      return false;
    }
    this.#window -= dataBytes;
    stream.sendWindow -= dataBytes;
    this.dataBytes += dataBytes;
    this.framesSent++;
    output.reserve(frameHeaderBytes + dataBytes);
    const chunk = output.chunk;
    let at = writeFrameHeader(chunk, output.at, dataBytes, FrameType.data, 0, stream.id);
    chunk[at] = 0;
    at = writeUint32(chunk, at + 1, length);
    copyMessage(message, 0, length, chunk, at);
    output.at = at + length;
    return true;
  }

  /** Queues parts of a stream, by reference; `pump` sends them. */
  enqueue(stream: CallStream, parts: readonly Uint8Array[]): void {
    const queue = (stream.queue ??= new SendQueue());
    const before = queue.bytes;
    for (const part of parts) queue.push(part);
    this.#addQueued(queue.bytes - before);
    this.#makeReady(stream);
  }

  /** Forgets what a stream has queued. */
  discard(stream: CallStream): void {
    // A stream that is still in the ring is skipped there.
    if (stream.queue !== undefined) this.#addQueued(-stream.queue.clear());
  }

  /** True when queued bytes could go out now: the output had no room, and has been written since. */
  get canSendMore(): boolean {
    return this.#readyFirst !== undefined && this.#window > 0 && this.#hasRoom();
  }

  /** Sends what may be sent now. */
  pump(): void {
    for (let stream = this.#readyFirst; stream !== undefined && this.canSendMore; stream = this.#readyFirst) {
      this.#readyFirst = stream.readyNext;
      if (this.#readyFirst === undefined) this.#readyLast = undefined;
      stream.readyNext = undefined;
      stream.ready = false;
      this.#sendFrame(stream);
    }
  }

  /** A header block of at most a few frames. */
  sendHeaders(streamId: number, block: Uint8Array, endStream: boolean): void {
    this.framesSent++;
    let flags = endStream ? FrameFlag.endStream : 0;
    let type: number = FrameType.headers;
    for (let at = 0; ; type = FrameType.continuation, flags = 0) {
      const length = Math.min(frameBytesDefault, block.length - at);
      const last = at + length === block.length;
      this.#frameHeader(length, type, last ? flags | FrameFlag.endHeaders : flags, streamId);
      this.output.append(block, at, at + length);
      at += length;
      if (last) return;
    }
  }

  sendReset(streamId: number, code: number): void {
    this.#frameHeader(4, FrameType.rstStream, 0, streamId);
    this.output.at = writeUint32(this.output.chunk, this.output.at, code);
  }

  sendWindowUpdate(streamId: number, increment: number): void {
    this.#frameHeader(4, FrameType.windowUpdate, 0, streamId);
    this.output.at = writeUint32(this.output.chunk, this.output.at, increment);
  }

  /** @param payload eight bytes. */
  sendPing(payload: Uint8Array, ack: boolean): void {
    this.#frameHeader(8, FrameType.ping, ack ? FrameFlag.ack : 0, 0);
    this.output.append(payload, 0, 8);
  }

  sendGoAway(lastStreamId: number, code: number, debug: string): void {
    const text = Buffer.from(debug, "utf8");
    this.#frameHeader(8 + text.length, FrameType.goAway, 0, 0);
    this.output.at = writeUint32(this.output.chunk, this.output.at, lastStreamId);
    this.output.at = writeUint32(this.output.chunk, this.output.at, code);
    this.output.append(text, 0, text.length);
  }

  sendSettings(entries: readonly (readonly [setting: number, value: number])[]): void {
    this.#frameHeader(entries.length * 6, FrameType.settings, 0, 0);
    const output = this.output;
    for (const [setting, value] of entries) {
      output.chunk[output.at] = setting >>> 8;
      output.chunk[output.at + 1] = setting;
      output.at = writeUint32(output.chunk, output.at + 2, value);
    }
  }

  sendSettingsAck(): void {
    this.#frameHeader(0, FrameType.settings, FrameFlag.ack, 0);
  }

  /** The peer opens the connection's window. @throws ConnectionError when it opens it beyond 2^31-1. */
  openConnectionWindow(increment: number): void {
    this.#window += increment;
    if (this.#window > windowBytesLimit) {
      throw new ConnectionError(ErrorCode.flowControlError, "connection window above 2^31-1");
    }
    this.pump();
  }

  /** The peer opens a stream's window. @returns false when it opens it beyond 2^31-1. */
  openStreamWindow(stream: CallStream, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.sendWindow > windowBytesLimit) return false;
    this.#makeReady(stream);
    this.pump();
    return true;
  }

  /** The peer changes what streams start with, for those that have started too; the window may go below zero. */
  setInitialStreamWindow(bytes: number, streams: Iterable<CallStream>): void {
    const change = bytes - this.initialStreamWindow;
    this.initialStreamWindow = bytes;
    for (const stream of streams) {
      if (!this.openStreamWindow(stream, change)) {
        throw new ConnectionError(ErrorCode.flowControlError, `window of stream ${stream.id} above 2^31-1`);
      }
    }
  }

  #addQueued(bytes: number): void {
    this.#queuedBytes += bytes;
    this.#counters.responseBytesQueued += bytes;
  }

  #hasRoom(): boolean {
    return this.output.backlogBytes <= this.#limits.outputHighWaterBytes;
  }

  #makeReady(stream: CallStream): void {
    if (stream.ready || stream.sendWindow <= 0 || stream.bufferedBytes === 0) return;
    stream.ready = true;
    if (this.#readyLast === undefined) this.#readyFirst = stream;
    else this.#readyLast.readyNext = stream;
    this.#readyLast = stream;
  }

  #sendFrame(stream: CallStream): void {
    const queue = stream.queue;
    if (queue === undefined) return;
    const length = Math.min(queue.bytes, stream.sendWindow, this.#window, frameBytesDefault);
    // Discarded, or its window was taken back by SETTINGS while it waited in the ring.
    if (length <= 0) return;
    this.#window -= length;
    stream.sendWindow -= length;
    this.#addQueued(-length);
    this.dataBytes += length;
    this.framesSent++;
    this.#frameHeader(length, FrameType.data, 0, stream.id);
    queue.moveTo(this.output, length);
    this.#makeReady(stream);
    stream.onQueueMoved(queue.bytes);
  }

  #frameHeader(length: number, type: number, flags: number, streamId: number): void {
    // Small frames are then written in one piece; DATA and header blocks may go on in the next chunk.
    this.output.reserve(frameHeaderBytes + Math.min(length, 512));
    this.output.at = writeFrameHeader(this.output.chunk, this.output.at, length, type, flags, streamId);
  }
}

/** Small messages byte by byte: a view costs more than the copy. */
function copyMessage(source: Uint8Array, start: number, end: number, target: Buffer, at: number): void {
  if (end - start <= 48) {
    for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
  } else {
    target.set(start === 0 && end === source.length ? source : source.subarray(start, end), at);
  }
}
