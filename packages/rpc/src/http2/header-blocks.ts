/**
 * Puts header blocks together from HEADERS and CONTINUATION frames.
 *
 * The common block lies whole in one frame and is handed on where it lies. While a block is open no other frame may come.
 * Limits: `headerBlockBytesMax` and `continuationFramesMax` per block; an open block is closed by `headerBlockTimeoutMs`.
 * Source: RFC 9113 sections 6.2 and 6.10.
 */
import { ConnectionError, ErrorCode, FrameFlag } from "./frame.js";
import { Alarm } from "../timer-wheel.js";
import type { TimerWheel } from "../timer-wheel.js";

/** Of one header block; see `GrpcLimits`, where these are told. */
export interface HeaderBlockLimits {
  readonly headerBlockBytesMax: number;
  readonly continuationFramesMax: number;
  readonly headerBlockTimeoutMs: number;
}

export interface HeaderBlockSink {
  /** One whole block, bytes[start, end), valid until the method returns. */
  onHeaderBlock(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): void;
  /** An open block has taken too long. */
  onHeaderBlockTimeout(): void;
}

export class HeaderBlocks {
  readonly #sink: HeaderBlockSink;
  readonly #limits: HeaderBlockLimits;
  readonly #wheel: TimerWheel;
  readonly #alarm = new Alarm(() => {
    this.#sink.onHeaderBlockTimeout();
  });
  #fragments: Buffer[] = [];
  #bytes = 0;
  #endStream = false;
  /** Stream of the open block, 0 for none. */
  openStreamId = 0;

  constructor(sink: HeaderBlockSink, limits: HeaderBlockLimits, wheel: TimerWheel) {
    this.#sink = sink;
    this.#limits = limits;
    this.#wheel = wheel;
  }

  onHeaders(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    let from = start;
    let to = end;
    if ((flags & FrameFlag.padded) !== 0) {
      if (from === to) throw new ConnectionError(ErrorCode.frameSizeError, "HEADERS without its pad length");
      to -= bytes[from++]!;
    }
    if ((flags & FrameFlag.priority) !== 0) from += 5;
    if (from > to)
      throw new ConnectionError(ErrorCode.protocolError, "HEADERS with more padding than payload");
    const endStream = (flags & FrameFlag.endStream) !== 0;
    if ((flags & FrameFlag.endHeaders) !== 0) {
      this.#sink.onHeaderBlock(streamId, endStream, bytes, from, to);
      return;
    }
    this.openStreamId = streamId;
    this.#endStream = endStream;
    this.#wheel.startIn(this.#alarm, this.#limits.headerBlockTimeoutMs);
    this.#keep(bytes, from, to);
  }

  onContinuation(bytes: Buffer, flags: number, start: number, end: number): void {
    if (this.#fragments.length > this.#limits.continuationFramesMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many CONTINUATION frames");
    }
    this.#keep(bytes, start, end);
    if ((flags & FrameFlag.endHeaders) === 0) return;
    const block = Buffer.concat(this.#fragments);
    const streamId = this.openStreamId;
    this.close();
    this.#sink.onHeaderBlock(streamId, this.#endStream, block, 0, block.length);
  }

  /** Forgets the open block. */
  close(): void {
    this.#wheel.stop(this.#alarm);
    this.openStreamId = 0;
    this.#fragments = [];
    this.#bytes = 0;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (this.#bytes > this.#limits.headerBlockBytesMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "header block too large");
    }
    this.#fragments.push(Buffer.from(bytes.subarray(start, end)));
  }
}
