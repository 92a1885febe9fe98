/**
 * The sending side of a connection, whichever end it is: frames, the peer's flow control, fairness between streams.
 *
 * What fits the windows is written straight into the output buffer. What does not fit waits in its stream's queue; streams
 * that may send take turns, one frame each, whenever a window opens or the socket drains.
 *
 * Invariants: a stream is in the ring of ready streams exactly when it has queued bytes and an open window of its own.
 * DATA stops at the high-water mark; control frames do not.
 * Source: RFC 9113 sections 5.2 and 6.9. Not here: what the frames mean to a call.
 */
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
} from "./frame.js";
import type { OutputBuffer } from "./output-buffer.js";
import { SendQueue } from "./send-queue.js";

/** What the sending side keeps of a stream; it alone writes these fields. */
export interface SendingStream<S> {
  readonly id: number;
  sendWindow: number;
  queue: SendQueue | undefined;
  ready: boolean;
  readyNext: S | undefined;
  /** Bytes that wait to be sent, wherever. */
  readonly bufferedBytes: number;
  /** Bytes of the queue have been sent; `left` remain. */
  onQueueMoved(left: number): void;
}

export class FrameSender<S extends SendingStream<S>> {
  readonly output: OutputBuffer;
  /** What new streams start with, from the peer's SETTINGS. */
  initialStreamWindow: number = windowBytesDefault;
  /** DATA bytes sent since the start. */
  dataBytes = 0;
  /** DATA and HEADERS frames sent since somebody last looked. */
  framesSent = 0;
  /** What the peer takes on the whole connection. */
  protected window: number = windowBytesDefault;
  protected readonly highWaterBytes: number;
  #queuedBytes = 0;
  #readyFirst: S | undefined;
  #readyLast: S | undefined;

  /** @param highWaterBytes of the output, above which DATA waits. */
  constructor(output: OutputBuffer, highWaterBytes: number) {
    this.output = output;
    this.highWaterBytes = highWaterBytes;
  }

  /** Bytes in the queues of all streams. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** True when queued bytes could go out now: the output had no room, and has been written since. */
  get canSendMore(): boolean {
    return this.#readyFirst !== undefined && this.window > 0 && this.#hasRoom();
  }

  /**
   * Takes `dataBytes` from the windows, when a DATA frame of that length may go out at once.
   * @returns false when it may not; nothing was taken then.
   */
  protected takeWindow(stream: S, dataBytes: number): boolean {
    if (
      dataBytes > frameBytesDefault ||
      dataBytes > this.window ||
      dataBytes > stream.sendWindow ||
      this.#readyFirst !== undefined ||
      !this.#hasRoom()
    ) {
      return false;
    }
    this.window -= dataBytes;
    stream.sendWindow -= dataBytes;
    this.dataBytes += dataBytes;
    return true;
  }

  /**
   * Writes one message as one DATA frame when it can go out at once; headers have been sent.
   * @returns false when it cannot; nothing was written then.
   */
  trySend(stream: S, message: Uint8Array): boolean {
    const length = message.length;
    const dataBytes = length + 5;
    if (stream.bufferedBytes > 0 || !this.takeWindow(stream, dataBytes)) return false;
    const output = this.output;
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
  enqueue(stream: S, parts: readonly Uint8Array[]): void {
    const queue = (stream.queue ??= new SendQueue());
    const before = queue.bytes;
    for (const part of parts) queue.push(part);
    this.addQueued(queue.bytes - before);
    this.#makeReady(stream);
  }

  /** Takes over what a stream has queued before it was on a connection. */
  adopt(stream: S): void {
    if (stream.queue === undefined) return;
    this.addQueued(stream.queue.bytes);
    this.#makeReady(stream);
  }

  /** Forgets what a stream has queued. */
  discard(stream: S): void {
    // A stream that is still in the ring is skipped there.
    if (stream.queue !== undefined) this.addQueued(-stream.queue.clear());
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

  /** Ends a stream whose bytes are all sent. */
  sendEnd(streamId: number): void {
    this.framesSent++;
    this.#frameHeader(0, FrameType.data, FrameFlag.endStream, streamId);
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
    this.window += increment;
    if (this.window > windowBytesLimit) {
      throw new ConnectionError(ErrorCode.flowControlError, "connection window above 2^31-1");
    }
    this.pump();
  }

  /** The peer opens a stream's window. @returns false when it opens it beyond 2^31-1. */
  openStreamWindow(stream: S, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.sendWindow > windowBytesLimit) return false;
    this.#makeReady(stream);
    this.pump();
    return true;
  }

  /** The peer changes what streams start with, for those that have started too; the window may go below zero. */
  setInitialStreamWindow(bytes: number, streams: Iterable<S>): void {
    const change = bytes - this.initialStreamWindow;
    this.initialStreamWindow = bytes;
    for (const stream of streams) {
      if (!this.openStreamWindow(stream, change)) {
        throw new ConnectionError(ErrorCode.flowControlError, `window of stream ${stream.id} above 2^31-1`);
      }
    }
  }

  /** More bytes are queued, or fewer when `bytes` is negative. */
  protected addQueued(bytes: number): void {
    this.#queuedBytes += bytes;
  }

  #hasRoom(): boolean {
    return this.output.backlogBytes <= this.highWaterBytes;
  }

  #makeReady(stream: S): void {
    if (stream.ready || stream.sendWindow <= 0 || stream.bufferedBytes === 0) return;
    stream.ready = true;
    if (this.#readyLast === undefined) this.#readyFirst = stream;
    else this.#readyLast.readyNext = stream;
    this.#readyLast = stream;
  }

  #sendFrame(stream: S): void {
    const queue = stream.queue;
    if (queue === undefined) return;
    const length = Math.min(queue.bytes, stream.sendWindow, this.window, frameBytesDefault);
    // Discarded, or its window was taken back by SETTINGS while it waited in the ring.
    if (length <= 0) return;
    this.window -= length;
    stream.sendWindow -= length;
    this.addQueued(-length);
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
export function copyMessage(
  source: Uint8Array,
  start: number,
  end: number,
  target: Buffer,
  at: number,
): void {
  if (end - start <= 48) {
    for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
  } else {
    target.set(start === 0 && end === source.length ? source : source.subarray(start, end), at);
  }
}
