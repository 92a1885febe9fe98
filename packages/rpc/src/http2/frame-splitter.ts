/**
 * Cuts the byte stream of a socket into frames.
 *
 * A frame that lies whole in a chunk is handed on where it lies; only one that straddles chunks is put together in a
 * buffer of its own, which costs at most one copy of at most `frameBytesDefault` bytes.
 * Invariant: at most one frame is incomplete at any time; its buffer is allocated when its length is known and legal.
 */
import { ConnectionError, ErrorCode, frameBytesDefault, frameHeaderBytes, readUint31 } from "./frame.js";

export interface FrameSink {
  /**
   * One whole frame; its payload is bytes[start, end) and is valid until the method returns (the bytes are never written
   * again by us, but keeping a view keeps the whole chunk alive).
   */
  onFrame(bytes: Buffer, type: number, flags: number, streamId: number, start: number, end: number): void;
}

export class FrameSplitter {
  readonly #sink: FrameSink;
  /** Frame that straddles chunks: its header alone until the length is known. */
  #straddling: Buffer | undefined;
  #filled = 0;
  #stopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** True while part of a frame is waiting for the rest. */
  get midFrame(): boolean {
    return this.#filled > 0;
  }

  /** No further frame is handed on, not even from the chunk being cut now. */
  stop(): void {
    this.#stopped = true;
    this.#straddling = undefined;
  }

  /** @throws ConnectionError FRAME_SIZE_ERROR for a frame above our limit, and whatever the sink throws. */
  push(chunk: Buffer): void {
    const end = chunk.length;
    let at = this.#filled === 0 ? 0 : this.#completeStraddling(chunk);
    while (!this.#stopped && at < end) {
      if (end - at < frameHeaderBytes) {
        this.#keep(chunk, at, frameHeaderBytes);
        return;
      }
      const length = frameLength(chunk, at);
      const payload = at + frameHeaderBytes;
      const next = payload + length;
      if (next > end) {
        this.#keep(chunk, at, frameHeaderBytes + length);
        return;
      }
      this.#sink.onFrame(chunk, chunk[at + 3]!, chunk[at + 4]!, readUint31(chunk, at + 5), payload, next);
      at = next;
    }
  }

  /** Starts a straddling frame with what is there of it. */
  #keep(chunk: Buffer, at: number, bytes: number): void {
    this.#straddling = Buffer.allocUnsafe(bytes);
    this.#filled = chunk.copy(this.#straddling, 0, at);
  }

  /** Adds the head of a chunk to the straddling frame. @returns where the next frame starts in the chunk. */
  #completeStraddling(chunk: Buffer): number {
    let at = 0;
    let frame = this.#straddling;
    if (frame === undefined) return chunk.length;
    if (this.#filled < frameHeaderBytes) {
      const copied = chunk.copy(frame, this.#filled, 0, frameHeaderBytes - this.#filled);
      at = copied;
      this.#filled += copied;
      if (this.#filled < frameHeaderBytes) return at;
    }
    const length = frameLength(frame, 0);
    const whole = frameHeaderBytes + length;
    if (frame.length < whole) {
      const grown = Buffer.allocUnsafe(whole);
      frame.copy(grown, 0, 0, this.#filled);
      this.#straddling = frame = grown;
    }
    const copied = chunk.copy(frame, this.#filled, at, at + whole - this.#filled);
    this.#filled += copied;
    at += copied;
    if (this.#filled === whole) {
      this.#straddling = undefined;
      this.#filled = 0;
      this.#sink.onFrame(frame, frame[3]!, frame[4]!, readUint31(frame, 5), frameHeaderBytes, whole);
    }
    return at;
  }
}

function frameLength(bytes: Buffer, at: number): number {
  const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  if (length > frameBytesDefault) {
    throw new ConnectionError(
      ErrorCode.frameSizeError,
      `frame of ${length} bytes, limit ${frameBytesDefault}`,
    );
  }
  return length;
}
