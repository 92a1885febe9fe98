/**
 * The receiving side of a server's connection: what each frame means for the calls and for the connection.
 *
 * Rules of RFC 9113 that a peer may break cost it the stream (RST_STREAM) or the connection (ConnectionError). Nothing here
 * writes to the socket; answers go to `Outbound`. Not here: the shape of frames, and budgets (http2/frame-receiver.ts).
 */
import type { RequestHead } from "../grpc/request-head.js";
import { ConnectionError, ErrorCode } from "../http2/frame.js";
import { FrameReceiver } from "../http2/frame-receiver.js";
import { PingPolicy } from "../http2/ping-policy.js";
import type { ServerContext } from "../server-context.js";
import type { CallHost } from "./call-stream.js";
import { CallStream } from "./call-stream.js";
import type { Outbound } from "./outbound.js";
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

export class Inbound extends FrameReceiver<CallStream> {
  /** Clients may say either, and we push nothing. */
  readonly enablePushMax = 1;
  readonly #host: InboundSink;
  readonly #context: ServerContext;
  readonly #outbound: Outbound;
  readonly #streams: StreamTable;
  readonly #intake: RequestIntake;
  readonly #pings: PingPolicy;

  constructor(host: InboundSink, streams: StreamTable) {
    const { context, outbound } = host;
    const { options, nowMs, wheel } = context;
    super({ sender: outbound, limits: options.limits, wheel, nowMs });
    this.#host = host;
    this.#context = context;
    this.#outbound = outbound;
    this.#streams = streams;
    this.#intake = new RequestIntake(context);
    this.#pings = new PingPolicy({
      minIntervalMs: options.keepaliveMinPingIntervalMs,
      permitWithoutStream: options.keepalivePermitWithoutStream,
    });
  }

  /** We have sent DATA or HEADERS: the peer has reason to answer with pings and window updates. */
  onFramesSent(count: number): void {
    this.#pings.forgive();
    this.idleFrameBudget.give(4 * count);
  }

  protected override onData(
    streamId: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
    frameBytes: number,
  ): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#onDataOfUnknownStream(streamId);
      return;
    }
    if (stream.remoteClosed) {
      this.#streams.onError(streamId, ErrorCode.streamClosed);
      return;
    }
    if (!endStream) {
      if (start === end) this.spendIdleFrame();
      this.receiveWindowOf(stream).receive(frameBytes);
    } else if (stream.receiveWindow !== undefined) {
      stream.receiveWindow.receive(frameBytes);
    }
    stream.receivedBytes += end - start;
    if (!this.#fitsContentLength(stream, endStream)) return;
    stream.remoteClosed = endStream;
    if (start < end) stream.receive(bytes, start, end, frameBytes);
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

  override onHeaderBlock(
    streamId: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
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

  override onHeaderBlockTimeout(): void {
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
    this.idleFrameBudget.give(8);
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

  /** DATA for a stream that is not there: fine when we have reset it, else the peer's mistake. */
  #onDataOfUnknownStream(streamId: number): void {
    if (this.#streams.isIdle(streamId))
      throw new ConnectionError(ErrorCode.protocolError, "DATA of an idle stream");
    this.spendIdleFrame();
    if (!this.#streams.wasReset(streamId)) this.#streams.onError(streamId, ErrorCode.streamClosed);
  }

  protected override onReset(stream: CallStream): void {
    this.#streams.onPeerReset(stream);
  }

  protected override onGoAway(): void {
    // It will ask nothing more; what it has asked is served.
  }

  protected override onPriority(streamId: number, length: number): void {
    if (length !== 5) this.#streams.onError(streamId, ErrorCode.frameSizeError);
  }

  protected override onStreamError(streamId: number, code: number): void {
    this.#streams.onError(streamId, code);
  }

  override onHeaderTableSize(bytes: number): void {
    this.#outbound.blocks.setPeerTableBytes(bytes);
  }

  override onMaxConcurrentStreams(): void {
    // A server opens none.
  }

  protected override onFirstSettings(): void {
    this.#host.onFirstSettings();
  }

  protected override onSettingsApplied(): void {
    // Requests may have come before them.
  }

  protected override onSettingsAcknowledged(): void {
    this.#host.onSettingsAcknowledged();
  }

  protected override onPing(): void {
    if (!this.#pings.allows(this.#context.nowMs(), this.#streams.size)) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too_many_pings");
    }
  }

  protected override onPingAcknowledged(payload: Buffer): void {
    this.#host.onPingAcknowledged(payload);
  }

  protected override streamOf(streamId: number): CallStream | undefined {
    return this.#streams.get(streamId);
  }

  protected override openStreams(): Iterable<CallStream> {
    return this.#streams.values();
  }

  protected override isIdle(streamId: number): boolean {
    return this.#streams.isIdle(streamId);
  }
}
