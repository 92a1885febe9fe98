/**
 * The receiving side of a connection: what each frame means for the streams and for the connection.
 *
 * Rules of RFC 9113 that a peer may break cost it the stream (RST_STREAM) or the connection (ConnectionError); frames that
 * are legal and useless are counted against budgets. Nothing here writes to the socket; answers go to `Outbound`.
 * Source: RFC 9113 sections 5 and 6.
 */
import type { RequestHead } from "../grpc/request-head.js";
import {
  ConnectionError,
  ErrorCode,
  FrameFlag,
  FrameType,
  readUint31,
  windowBytesDefault,
} from "../http2/frame.js";
import type { FrameSink } from "../http2/frame-splitter.js";
import { PingPolicy } from "../http2/ping-policy.js";
import { ReceiveWindow } from "../http2/receive-window.js";
import { TokenBucket } from "../http2/token-bucket.js";
import type { ServerContext } from "../server-context.js";
import type { CallHost } from "./call-stream.js";
import { CallStream } from "./call-stream.js";
import type { HeaderBlockSink } from "./header-blocks.js";
import { HeaderBlocks } from "./header-blocks.js";
import type { Outbound } from "./outbound.js";
import { applyPeerSettings } from "./peer-settings.js";
import { RequestIntake } from "./request-intake.js";
import type { StreamTable } from "./stream-table.js";

/** What the frames tell the connection. */
export interface InboundSink extends CallHost {
  /** True once the peer knows which calls are the last that we look at. */
  readonly takesNoCalls: boolean;
  /** The first SETTINGS of the peer, and the acknowledgement of ours. */
  onFirstSettings(): void;
  onSettingsAcknowledged(): void;
  /** @param payload eight bytes, valid until the method returns. */
  onPingAcknowledged(payload: Buffer): void;
  /** A rule was broken outside of any frame. */
  fail(error: ConnectionError): void;
}

export class Inbound implements FrameSink, HeaderBlockSink {
  readonly #host: InboundSink;
  readonly #context: ServerContext;
  readonly #outbound: Outbound;
  readonly #streams: StreamTable;
  readonly #headerBlocks: HeaderBlocks;
  readonly #intake: RequestIntake;
  readonly #window: ReceiveWindow;
  readonly #pings: PingPolicy;
  readonly #idleFrameBudget: TokenBucket;
  readonly #settingsBudget: TokenBucket;
  #settingsSeen = false;
  #settingsAcknowledged = false;

  constructor(host: InboundSink, streams: StreamTable) {
    const { context } = host;
    const { options, nowMs, wheel } = context;
    const { limits } = options;
    this.#host = host;
    this.#context = context;
    this.#outbound = host.outbound;
    this.#streams = streams;
    this.#headerBlocks = new HeaderBlocks(this, limits, wheel);
    this.#intake = new RequestIntake(context);
    this.#window = new ReceiveWindow(
      Math.max(windowBytesDefault, limits.connectionWindowBytes),
      limits.connectionWindowBytes,
      limits.connectionWindowBytesMax,
    );
    this.#pings = new PingPolicy({
      minIntervalMs: options.keepaliveMinPingIntervalMs,
      permitWithoutStream: options.keepalivePermitWithoutStream,
    });
    this.#idleFrameBudget = new TokenBucket(limits.idleFrameBurstMax, limits.idleFramesPerSecond, nowMs);
    this.#settingsBudget = new TokenBucket(limits.settingsBurstMax, limits.settingsPerSecond, nowMs);
  }

  /** We have sent DATA or HEADERS: the peer has reason to answer with pings and window updates. */
  onFramesSent(count: number): void {
    this.#pings.forgive();
    this.#idleFrameBudget.give(4 * count);
  }

  /** The handler has taken `bytes` of the stream's window. */
  giveCredit(stream: CallStream, bytes: number): void {
    const increment = this.#receiveWindowOf(stream).consume(bytes);
    if (increment > 0) this.#outbound.sendWindowUpdate(stream.id, increment);
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
        this.#onData(bytes, flags, streamId, start, end);
        break;
      case FrameType.headers:
        requireStream(streamId);
        this.#headerBlocks.onHeaders(bytes, flags, streamId, start, end);
        break;
      case FrameType.windowUpdate:
        this.#onWindowUpdate(bytes, streamId, start, end);
        break;
      case FrameType.rstStream:
        this.#onReset(streamId, end - start);
        break;
      case FrameType.settings:
        this.#onSettings(bytes, flags, streamId, start, end);
        break;
      case FrameType.ping:
        this.#onPing(bytes, flags, streamId, start, end);
        break;
      case FrameType.priority:
        requireStream(streamId);
        this.#spendIdleFrame();
        if (end - start !== 5) this.#streams.onError(streamId, ErrorCode.frameSizeError);
        break;
      case FrameType.goAway:
        requireConnection(streamId);
        if (end - start < 8) throw new ConnectionError(ErrorCode.frameSizeError, "short GOAWAY");
        this.#spendIdleFrame();
        break;
      case FrameType.pushPromise:
        throw new ConnectionError(ErrorCode.protocolError, "clients do not push");
      case FrameType.continuation:
        throw new ConnectionError(ErrorCode.protocolError, "CONTINUATION without a header block");
      default:
        this.#spendIdleFrame();
    }
  }

  #onData(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    const frameBytes = end - start;
    this.#window.receive(frameBytes);
    const increment = this.#window.consume(frameBytes);
    if (increment > 0) this.#outbound.sendWindowUpdate(0, increment);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#onFrameOfUnknownStream(streamId);
      return;
    }
    if (stream.remoteClosed) {
      this.#streams.onError(streamId, ErrorCode.streamClosed);
      return;
    }
    let from = start;
    let to = end;
    if ((flags & FrameFlag.padded) !== 0) {
      if (from === to) throw new ConnectionError(ErrorCode.frameSizeError, "DATA without its pad length");
      to -= bytes[from++]!;
      if (from > to)
        throw new ConnectionError(ErrorCode.protocolError, "DATA with more padding than payload");
    }
    const endStream = (flags & FrameFlag.endStream) !== 0;
    if (!endStream) {
      if (from === to) this.#spendIdleFrame();
      this.#receiveWindowOf(stream).receive(frameBytes);
    } else if (stream.receiveWindow !== undefined) {
      stream.receiveWindow.receive(frameBytes);
    }
    stream.receivedBytes += to - from;
    if (!this.#fitsContentLength(stream, endStream)) return;
    stream.remoteClosed = endStream;
    if (from < to) stream.receive(bytes, from, to, frameBytes);
    else stream.giveCredit(frameBytes);
    if (endStream) this.#onRemoteClosed(stream);
  }

  #fitsContentLength(stream: CallStream, endStream: boolean): boolean {
    const { contentLength } = stream.head;
    if (contentLength < 0) return true;
    const fits = endStream ? stream.receivedBytes === contentLength : stream.receivedBytes <= contentLength;
    if (!fits) this.#streams.onError(stream.id, ErrorCode.protocolError);
    return fits;
  }

  #onRemoteClosed(stream: CallStream): void {
    if (stream.localClosed) this.#streams.remove(stream);
    else stream.receiveEnd();
  }

  onHeaderBlock(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    if (this.#streams.isIdle(streamId)) {
      this.#onRequest(streamId, endStream, this.#intake.readRequest(bytes, start, end));
      return;
    }
    const wrong = this.#intake.readTrailers(bytes, start, end);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#streams.wasReset(streamId)) return;
      throw new ConnectionError(ErrorCode.streamClosed, `HEADERS for the closed stream ${streamId}`);
    }
    if (stream.remoteClosed) this.#streams.onError(streamId, ErrorCode.streamClosed);
    else if (!endStream || wrong !== undefined) this.#streams.onError(streamId, ErrorCode.protocolError);
    else if (this.#fitsContentLength(stream, true)) {
      stream.remoteClosed = true;
      this.#onRemoteClosed(stream);
    }
  }

  onHeaderBlockTimeout(): void {
    this.#host.fail(new ConnectionError(ErrorCode.enhanceYourCalm, "header block takes too long"));
  }

  #onRequest(streamId: number, endStream: boolean, head: RequestHead): void {
    if ((streamId & 1) === 0)
      throw new ConnectionError(ErrorCode.protocolError, `stream ${streamId} is even`);
    this.#streams.lastStreamId = streamId;
    // After the final GOAWAY a call beyond the announced id is not looked at: the peer repeats it elsewhere.
    if (this.#host.takesNoCalls) {
      this.#streams.refuse(streamId, ErrorCode.refusedStream);
      return;
    }
    const { counters, options } = this.#context;
    const { limits } = options;
    this.#idleFrameBudget.give(8);
    if (head.malformed !== undefined || (endStream && head.contentLength > 0)) {
      this.#streams.onError(streamId, ErrorCode.protocolError);
    } else if (
      this.#streams.size >= Math.min(options.maxConcurrentStreams, limits.openCallsMax) ||
      this.#outbound.unsentBytes > limits.queuedBytesMax
    ) {
      this.#streams.onError(streamId, ErrorCode.refusedStream);
    } else if (head.method === undefined) {
      this.#refuseRequest(streamId, endStream, head);
    } else {
      counters.callsTotal++;
      counters.callsOpen++;
      const stream = new CallStream(streamId, this.#host, head, head.method);
      stream.remoteClosed = endStream;
      this.#streams.add(stream);
      stream.start();
      if (endStream) this.#onRemoteClosed(stream);
    }
  }

  /** A request that never becomes a call: one block says why. */
  #refuseRequest(streamId: number, endStream: boolean, head: RequestHead): void {
    const { refusal } = head;
    if (refusal === undefined) return;
    const { counters } = this.#context;
    counters.callsTotal++;
    counters.callsByStatus[refusal.code]!++;
    const { blocks } = this.#outbound;
    const block = blocks.refusal(refusal);
    this.#outbound.sendHeaders(streamId, block, true);
    if (endStream) return;
    this.#streams.refuse(streamId, ErrorCode.noError);
  }

  #onReset(streamId: number, length: number): void {
    requireStream(streamId);
    if (length !== 4) throw new ConnectionError(ErrorCode.frameSizeError, "RST_STREAM is not four bytes");
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#streams.isIdle(streamId))
        throw new ConnectionError(ErrorCode.protocolError, "RST_STREAM of an idle stream");
      this.#spendIdleFrame();
      return;
    }
    this.#streams.onPeerReset(stream);
  }

  #onWindowUpdate(bytes: Buffer, streamId: number, start: number, end: number): void {
    if (end - start !== 4)
      throw new ConnectionError(ErrorCode.frameSizeError, "WINDOW_UPDATE is not four bytes");
    this.#spendIdleFrame();
    const increment = readUint31(bytes, start);
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.protocolError, "WINDOW_UPDATE of 0");
      this.#outbound.openConnectionWindow(increment);
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#streams.isIdle(streamId))
        throw new ConnectionError(ErrorCode.protocolError, "WINDOW_UPDATE of an idle stream");
    } else if (increment === 0) {
      this.#streams.onError(streamId, ErrorCode.protocolError);
    } else if (!this.#outbound.openStreamWindow(stream, increment)) {
      this.#streams.onError(streamId, ErrorCode.flowControlError);
    }
  }

  #onSettings(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    requireConnection(streamId);
    const { limits } = this.#context.options;
    const length = end - start;
    if ((flags & FrameFlag.ack) !== 0) {
      if (length !== 0) throw new ConnectionError(ErrorCode.frameSizeError, "SETTINGS ack with a payload");
      if (this.#settingsAcknowledged) this.#spendSettings();
      this.#settingsAcknowledged = true;
      this.#host.onSettingsAcknowledged();
      return;
    }
    if (length % 6 !== 0) throw new ConnectionError(ErrorCode.frameSizeError, "SETTINGS of a broken length");
    if (length / 6 > limits.settingsEntriesMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many parameters in SETTINGS");
    }
    this.#spendSettings();
    if (!this.#settingsSeen) {
      this.#settingsSeen = true;
      this.#host.onFirstSettings();
    }
    applyPeerSettings(bytes, start, end, {
      onHeaderTableSize: (size) => {
        this.#outbound.blocks.setPeerTableBytes(size);
      },
      onInitialWindowSize: (size) => {
        this.#outbound.setInitialStreamWindow(size, this.#streams.values());
      },
    });
    this.#outbound.sendSettingsAck();
  }

  #onPing(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    requireConnection(streamId);
    if (end - start !== 8) throw new ConnectionError(ErrorCode.frameSizeError, "PING is not eight bytes");
    const payload = bytes.subarray(start, end);
    if ((flags & FrameFlag.ack) !== 0) {
      this.#spendIdleFrame();
      this.#host.onPingAcknowledged(payload);
      return;
    }
    if (!this.#pings.allows(this.#context.nowMs(), this.#streams.size)) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too_many_pings");
    }
    this.#outbound.sendPing(payload, true);
  }

  /** DATA for a stream that is not there: fine when we have reset it, else the peer's mistake. */
  #onFrameOfUnknownStream(streamId: number): void {
    requireStream(streamId);
    if (this.#streams.isIdle(streamId))
      throw new ConnectionError(ErrorCode.protocolError, "DATA of an idle stream");
    this.#spendIdleFrame();
    if (!this.#streams.wasReset(streamId)) this.#streams.onError(streamId, ErrorCode.streamClosed);
  }

  #receiveWindowOf(stream: CallStream): ReceiveWindow {
    const { streamWindowBytes, streamWindowBytesMax } = this.#context.options.limits;
    // Until it has read our SETTINGS the peer may count on the protocol's own default.
    return (stream.receiveWindow ??= new ReceiveWindow(
      Math.max(windowBytesDefault, streamWindowBytes),
      streamWindowBytes,
      streamWindowBytesMax,
    ));
  }

  #spendIdleFrame(): void {
    if (!this.#idleFrameBudget.take())
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many frames without use");
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
