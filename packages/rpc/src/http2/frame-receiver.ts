/**
 * The receiving side of a connection, whichever end it is: the shape of each frame, the rules that cost a peer the stream
 * or the connection, and the budgets that bound frames which are legal and useless. What a frame means to a call is told
 * by the two ends that extend this class.
 *
 * Nothing here writes to the socket; answers go to the sender.
 * Source: RFC 9113 sections 5 and 6.
 */
import type { TimerWheel } from "../timer-wheel.js";
import {
  ConnectionError,
  ErrorCode,
  FrameFlag,
  FrameType,
  readUint31,
  readUint32,
  windowBytesDefault,
} from "./frame.js";
import type { FrameSender, SendingStream } from "./frame-sender.js";
import type { FrameSink } from "./frame-splitter.js";
import type { HeaderBlockLimits, HeaderBlockSink } from "./header-blocks.js";
import { HeaderBlocks } from "./header-blocks.js";
import { applyPeerSettings } from "./peer-settings.js";
import type { SettingsSink } from "./peer-settings.js";
import { ReceiveWindow } from "./receive-window.js";
import { TokenBucket } from "./token-bucket.js";

/** What the receiving side keeps of a stream. */
export interface ReceivingStream<S> extends SendingStream<S> {
  receiveWindow: ReceiveWindow | undefined;
}

/** See `GrpcLimits`, where these are told. */
export interface ReceiverLimits extends HeaderBlockLimits {
  readonly idleFrameBurstMax: number;
  readonly idleFramesPerSecond: number;
  readonly settingsBurstMax: number;
  readonly settingsPerSecond: number;
  readonly settingsEntriesMax: number;
  readonly connectionWindowBytes: number;
  readonly connectionWindowBytesMax: number;
  readonly streamWindowBytes: number;
  readonly streamWindowBytesMax: number;
}

export interface ReceiverParts<S extends ReceivingStream<S>> {
  readonly sender: FrameSender<S>;
  readonly limits: ReceiverLimits;
  readonly wheel: TimerWheel;
  readonly nowMs: () => number;
}

export abstract class FrameReceiver<S extends ReceivingStream<S>>
  implements FrameSink, HeaderBlockSink, SettingsSink
{
  protected readonly idleFrameBudget: TokenBucket;
  readonly #sender: FrameSender<S>;
  readonly #limits: ReceiverLimits;
  readonly #headerBlocks: HeaderBlocks;
  readonly #window: ReceiveWindow;
  readonly #settingsBudget: TokenBucket;
  #settingsSeen = false;
  #settingsAcknowledged = false;

  constructor({ sender, limits, wheel, nowMs }: ReceiverParts<S>) {
    this.#sender = sender;
    this.#limits = limits;
    this.#headerBlocks = new HeaderBlocks(this, limits, wheel);
    this.#window = new ReceiveWindow(
      Math.max(windowBytesDefault, limits.connectionWindowBytes),
      limits.connectionWindowBytes,
      limits.connectionWindowBytesMax,
    );
    this.idleFrameBudget = new TokenBucket(limits.idleFrameBurstMax, limits.idleFramesPerSecond, nowMs);
    this.#settingsBudget = new TokenBucket(limits.settingsBurstMax, limits.settingsPerSecond, nowMs);
  }

  // --- what the ends tell ---

  abstract readonly enablePushMax: number;
  abstract onHeaderBlock(
    streamId: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
  abstract onHeaderBlockTimeout(): void;
  abstract onHeaderTableSize(bytes: number): void;
  abstract onMaxConcurrentStreams(count: number): void;
  /**
   * The payload bytes[start, end) of a DATA frame without its padding; the connection's window is accounted for.
   * @param frameBytes what the frame took from the windows.
   */
  protected abstract onData(
    streamId: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
    frameBytes: number,
  ): void;
  protected abstract onReset(stream: S, code: number): void;
  /** @param debug what the peer says about it, as bytes that are valid until the method returns. */
  protected abstract onGoAway(lastStreamId: number, code: number, debug: Buffer): void;
  protected abstract onPriority(streamId: number, length: number): void;
  /** The peer broke a rule that costs it this stream only, whether it is open or not. */
  protected abstract onStreamError(streamId: number, code: number): void;
  /** The first SETTINGS of the peer, before and after they are applied, and the acknowledgement of ours. */
  protected abstract onFirstSettings(): void;
  protected abstract onSettingsApplied(): void;
  protected abstract onSettingsAcknowledged(): void;
  /** @throws ConnectionError for pings that come too often. */
  protected abstract onPing(): void;
  /** @param payload eight bytes, valid until the method returns. */
  protected abstract onPingAcknowledged(payload: Buffer): void;
  protected abstract streamOf(streamId: number): S | undefined;
  protected abstract openStreams(): Iterable<S>;
  /** True for a stream that neither end has used yet. */
  protected abstract isIdle(streamId: number): boolean;

  // --- the rest ---

  /** Somebody has taken `bytes` of the stream's window. */
  giveCredit(stream: S, bytes: number): void {
    const increment = this.receiveWindowOf(stream).consume(bytes);
    if (increment > 0) this.#sender.sendWindowUpdate(stream.id, increment);
  }

  /** No frame follows. */
  close(): void {
    this.#headerBlocks.close();
  }

  onFrame(bytes: Buffer, type: number, flags: number, streamId: number, start: number, end: number): void {
    if (this.#headerBlocks.openStreamId !== 0) {
      if (type !== FrameType.continuation || streamId !== this.#headerBlocks.openStreamId) {
        throw new ConnectionError(ErrorCode.protocolError, "a frame inside a header block");
      }
      this.#headerBlocks.onContinuation(bytes, flags, start, end);
      return;
    }
    if (!this.#settingsSeen && type !== FrameType.settings) {
      throw new ConnectionError(ErrorCode.protocolError, "the first frame is not SETTINGS");
    }
    switch (type) {
      case FrameType.data:
        this.#onDataFrame(bytes, flags, streamId, start, end);
        break;
      case FrameType.headers:
        requireStream(streamId);
        this.#headerBlocks.onHeaders(bytes, flags, streamId, start, end);
        break;
      case FrameType.windowUpdate:
        this.#onWindowUpdate(bytes, streamId, start, end);
        break;
      case FrameType.rstStream:
        this.#onResetFrame(bytes, streamId, start, end);
        break;
      case FrameType.settings:
        this.#onSettings(bytes, flags, streamId, start, end);
        break;
      case FrameType.ping:
        this.#onPingFrame(bytes, flags, streamId, start, end);
        break;
      case FrameType.priority:
        requireStream(streamId);
        this.spendIdleFrame();
        this.onPriority(streamId, end - start);
        break;
      case FrameType.goAway:
        requireConnection(streamId);
        if (end - start < 8) throw new ConnectionError(ErrorCode.frameSizeError, "short GOAWAY");
        this.spendIdleFrame();
        this.onGoAway(readUint31(bytes, start), readUint32(bytes, start + 4), bytes.subarray(start + 8, end));
        break;
      case FrameType.pushPromise:
        throw new ConnectionError(ErrorCode.protocolError, "nothing may be pushed here");
      case FrameType.continuation:
        throw new ConnectionError(ErrorCode.protocolError, "CONTINUATION without a header block");
      default:
        this.spendIdleFrame();
    }
  }

  onInitialWindowSize(bytes: number): void {
    this.#sender.setInitialStreamWindow(bytes, this.openStreams());
  }

  protected receiveWindowOf(stream: S): ReceiveWindow {
    const { streamWindowBytes, streamWindowBytesMax } = this.#limits;
    // Until it has read our SETTINGS the peer may count on the protocol's own default.
    return (stream.receiveWindow ??= new ReceiveWindow(
      Math.max(windowBytesDefault, streamWindowBytes),
      streamWindowBytes,
      streamWindowBytesMax,
    ));
  }

  /** @throws ConnectionError when frames that carry nothing come too often. */
  protected spendIdleFrame(): void {
    if (!this.idleFrameBudget.take())
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many frames without use");
  }

  #onDataFrame(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    requireStream(streamId);
    const frameBytes = end - start;
    this.#window.receive(frameBytes);
    const increment = this.#window.consume(frameBytes);
    if (increment > 0) this.#sender.sendWindowUpdate(0, increment);
    let from = start;
    let to = end;
    if ((flags & FrameFlag.padded) !== 0) {
      if (from === to) throw new ConnectionError(ErrorCode.frameSizeError, "DATA without its pad length");
      to -= bytes[from++]!;
      if (from > to)
        throw new ConnectionError(ErrorCode.protocolError, "DATA with more padding than payload");
    }
    this.onData(streamId, (flags & FrameFlag.endStream) !== 0, bytes, from, to, frameBytes);
  }

  #onResetFrame(bytes: Buffer, streamId: number, start: number, end: number): void {
    requireStream(streamId);
    if (end - start !== 4)
      throw new ConnectionError(ErrorCode.frameSizeError, "RST_STREAM is not four bytes");
    const stream = this.streamOf(streamId);
    if (stream !== undefined) {
      this.onReset(stream, readUint32(bytes, start));
      return;
    }
    if (this.isIdle(streamId))
      throw new ConnectionError(ErrorCode.protocolError, "RST_STREAM of an idle stream");
    this.spendIdleFrame();
  }

  #onWindowUpdate(bytes: Buffer, streamId: number, start: number, end: number): void {
    if (end - start !== 4)
      throw new ConnectionError(ErrorCode.frameSizeError, "WINDOW_UPDATE is not four bytes");
    this.spendIdleFrame();
    const increment = readUint31(bytes, start);
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.protocolError, "WINDOW_UPDATE of 0");
      this.#sender.openConnectionWindow(increment);
      return;
    }
    const stream = this.streamOf(streamId);
    if (stream === undefined) {
      if (this.isIdle(streamId))
        throw new ConnectionError(ErrorCode.protocolError, "WINDOW_UPDATE of an idle stream");
    } else if (increment === 0) {
      this.onStreamError(streamId, ErrorCode.protocolError);
    } else if (!this.#sender.openStreamWindow(stream, increment)) {
      this.onStreamError(streamId, ErrorCode.flowControlError);
    }
  }

  #onSettings(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    requireConnection(streamId);
    const length = end - start;
    if ((flags & FrameFlag.ack) !== 0) {
      if (length !== 0) throw new ConnectionError(ErrorCode.frameSizeError, "SETTINGS ack with a payload");
      if (this.#settingsAcknowledged) this.#spendSettings();
      this.#settingsAcknowledged = true;
      this.onSettingsAcknowledged();
      return;
    }
    if (length % 6 !== 0) throw new ConnectionError(ErrorCode.frameSizeError, "SETTINGS of a broken length");
    if (length / 6 > this.#limits.settingsEntriesMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many parameters in SETTINGS");
    }
    this.#spendSettings();
    const isFirst = !this.#settingsSeen;
    this.#settingsSeen = true;
    if (isFirst) this.onFirstSettings();
    applyPeerSettings(bytes, start, end, this);
    this.#sender.sendSettingsAck();
    this.onSettingsApplied();
  }

  #onPingFrame(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    requireConnection(streamId);
    if (end - start !== 8) throw new ConnectionError(ErrorCode.frameSizeError, "PING is not eight bytes");
    const payload = bytes.subarray(start, end);
    if ((flags & FrameFlag.ack) !== 0) {
      this.spendIdleFrame();
      this.onPingAcknowledged(payload);
      return;
    }
    this.onPing();
    this.#sender.sendPing(payload, true);
  }

  #spendSettings(): void {
    if (!this.#settingsBudget.take())
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many SETTINGS");
  }
}

function requireStream(streamId: number): void {
  if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, "a frame of a stream on stream 0");
}

function requireConnection(streamId: number): void {
  if (streamId !== 0)
    throw new ConnectionError(ErrorCode.protocolError, "a frame of the connection on a stream");
}
