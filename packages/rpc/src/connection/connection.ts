/**
 * One HTTP/2 connection: takes frames, keeps the streams, and decides what each frame means for them.
 *
 *   socket --> FrameSplitter --> Connection --> HeaderBlocks --> RequestIntake --> CallStream --> handler
 *                                    |                                              |
 *   socket <-- OutputBuffer <----- Outbound <---------------------------------------+
 *
 * All work of one chunk is one turn; what it produced is written at its end. Replies that come later (after an await, a
 * disk write) start a turn of their own, which ends when the event loop has run everything that was due with them.
 * Invariant: stream ids grow; a stream is in the table until both sides are closed or one has reset it.
 * Source: RFC 9113 sections 5 and 6.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { RequestHead } from "../grpc/request-head.js";
import { ConnectionError, ErrorCode, FrameFlag, FrameType } from "../http2/frame.js";
import { readUint31, Setting, streamIdMax, windowBytesDefault } from "../http2/frame.js";
import type { FrameSink } from "../http2/frame-splitter.js";
import { FrameSplitter } from "../http2/frame-splitter.js";
import { PingPolicy } from "../http2/ping-policy.js";
import { ReceiveWindow } from "../http2/receive-window.js";
import { TokenBucket } from "../http2/token-bucket.js";
import type { ServerContext } from "../server-context.js";
import { Alarm } from "../timer-wheel.js";
import type { CallHost } from "./call-stream.js";
import { CallStream } from "./call-stream.js";
import type { HeaderBlockSink } from "./header-blocks.js";
import { HeaderBlocks } from "./header-blocks.js";
import { Keepalive } from "./keepalive.js";
import { Outbound } from "./outbound.js";
import { peerAddress, peerCommonName } from "./peer-identity.js";
import { applyPeerSettings } from "./peer-settings.js";
import { RecentIds } from "./recent-ids.js";
import { RequestIntake } from "./request-intake.js";
import { SlowReader } from "./slow-reader.js";

/** Time for the peer to read our GOAWAY before the socket is torn down, in ms. */
const lingerMs = 1_000;
/** Time after the first GOAWAY for calls that were on their way, when the peer does not answer the ping, in ms. */
const drainPingTimeoutMs = 5_000;
/** Streams that we have reset and whose frames may still be on their way. */
const recentResetsMax = 1_024;

const keepalivePing = Buffer.from("alive?\0\0", "latin1");
const drainPing = Buffer.from("draining", "latin1");

export class Connection implements FrameSink, CallHost, HeaderBlockSink {
  readonly context: ServerContext;
  readonly outbound: Outbound;
  inboxBytes = 0;
  readonly #socket: Socket | TLSSocket;
  readonly #onClosed: (connection: Connection) => void;
  readonly #splitter: FrameSplitter = new FrameSplitter(this);
  readonly #headerBlocks: HeaderBlocks;
  readonly #intake: RequestIntake;
  readonly #streams = new Map<number, CallStream>();
  readonly #recentResets = new RecentIds(recentResetsMax);
  readonly #window: ReceiveWindow;
  readonly #pings: PingPolicy;
  readonly #keepalive: Keepalive;
  readonly #slowReader: SlowReader;
  readonly #resetBudget: TokenBucket;
  readonly #idleFrameBudget: TokenBucket;
  readonly #settingsBudget: TokenBucket;
  readonly #settingsAlarm = new Alarm(() => {
    this.#fail(new ConnectionError(ErrorCode.settingsTimeout, "no SETTINGS in time"));
  });
  readonly #closeAlarm = new Alarm(() => {
    this.#socket.destroy();
  });
  readonly #drainAlarm = new Alarm(() => {
    this.#finishDrain();
  });
  readonly #onTick = (): void => {
    this.#tickWanted = false;
    this.#endTurn();
  };
  /** Streams whose response is sent while the request is not: reset at the end of the turn unless it ends by then. */
  #lingering: CallStream[] = [];
  #deferred: CallStream[] = [];
  #lastStreamId = 0;
  /** Last id that the final GOAWAY promised to look at. */
  #drainStreamId = streamIdMax;
  #settingsSeen = false;
  #unackedSettings = 0;
  #inTurn = false;
  #tickWanted = false;
  #closing = false;
  #readingPaused = false;
  #drain: "no" | "announced" | "final" = "no";
  #peer: string | undefined;
  #commonName: string | undefined | null = null;

  constructor(
    context: ServerContext,
    socket: Socket | TLSSocket,
    onClosed: (connection: Connection) => void,
  ) {
    this.context = context;
    this.#socket = socket;
    this.#onClosed = onClosed;
    const { options, nowMs, wheel, chunks } = context;
    const { limits } = options;
    this.outbound = new Outbound(socket, chunks, limits);
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
    this.#keepalive = new Keepalive(context, {
      sendKeepalivePing: () => {
        this.outbound.sendPing(keepalivePing, false);
        this.wantTurn();
      },
      onPeerSilent: () => {
        this.#socket.destroy();
      },
    });
    this.#slowReader = new SlowReader(context, this.outbound, () => {
      this.context.counters.connectionErrors++;
      this.#socket.destroy();
    });
    this.#resetBudget = new TokenBucket(limits.resetBurstMax, limits.resetsPerSecond, nowMs);
    this.#idleFrameBudget = new TokenBucket(limits.idleFrameBurstMax, limits.idleFramesPerSecond, nowMs);
    this.#settingsBudget = new TokenBucket(limits.settingsBurstMax, limits.settingsPerSecond, nowMs);
  }

  /** The preface has been read; `rest` is what followed it in the same chunk. */
  start(rest: Buffer): void {
    const { wheel, options } = this.context;
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#onChunk(chunk);
    });
    socket.on("drain", () => {
      this.#endTurn();
    });
    socket.on("end", () => {
      this.#abortAll();
      socket.end();
    });
    socket.on("error", () => {
      // What matters is that the connection is gone; "close" follows and says so.
    });
    socket.on("close", () => {
      this.#onSocketClosed();
    });
    wheel.startIn(this.#settingsAlarm, options.limits.prefaceTimeoutMs);
    this.#keepalive.start();
    this.#sendOwnSettings();
    if (rest.length > 0) this.#onChunk(rest);
    else this.wantTurn();
  }

  get peer(): string {
    return (this.#peer ??= peerAddress(this.#socket));
  }

  get peerCommonName(): string | undefined {
    if (this.#commonName === null) this.#commonName = peerCommonName(this.#socket);
    return this.#commonName;
  }

  /** Calls open now. */
  get callCount(): number {
    return this.#streams.size;
  }

  /** Announces that no new calls are taken; those on their way still are, until the peer has answered a ping. */
  drain(): void {
    if (this.#drain !== "no" || this.#closing) return;
    this.#drain = "announced";
    this.outbound.sendGoAway(streamIdMax, ErrorCode.noError, "");
    this.outbound.sendPing(drainPing, false);
    this.context.wheel.startIn(this.#drainAlarm, drainPingTimeoutMs);
    this.wantTurn();
  }

  /** Ends the connection now: what is open is lost. */
  close(): void {
    if (!this.#closing) this.#shutDown(ErrorCode.noError, "");
    this.#socket.destroy();
  }

  // --- CallHost ---

  wantTurn(): void {
    if (this.#inTurn || this.#tickWanted) return;
    this.#tickWanted = true;
    process.nextTick(this.#onTick);
  }

  defer(stream: CallStream): void {
    if (!stream.deferred) {
      stream.deferred = true;
      this.#deferred.push(stream);
    }
    this.wantTurn();
  }

  onLocalClosed(stream: CallStream): void {
    if (stream.remoteClosed) this.#streams.delete(stream.id);
    else this.#lingering.push(stream);
    this.#resetBudget.give(1);
    this.wantTurn();
  }

  reset(stream: CallStream, code: number): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#recentResets.add(stream.id);
    this.outbound.sendReset(stream.id, code);
    this.wantTurn();
  }

  giveCredit(stream: CallStream, bytes: number): void {
    const increment = this.#receiveWindowOf(stream).consume(bytes);
    if (increment === 0) return;
    this.outbound.sendWindowUpdate(stream.id, increment);
    this.wantTurn();
  }

  // --- turns ---

  #onChunk(chunk: Buffer): void {
    this.context.counters.bytesReceived += chunk.length;
    this.#keepalive.onRead(this.context.nowMs());
    this.#inTurn = true;
    try {
      this.#splitter.push(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#fail(error);
    } finally {
      this.#inTurn = false;
    }
    this.#endTurn();
  }

  /** Does what was put off, then writes everything that the turn produced. */
  #endTurn(): void {
    this.#inTurn = true;
    for (let i = 0; i < this.#deferred.length; i++) {
      const stream = this.#deferred[i] as CallStream;
      stream.deferred = false;
      stream.onTurn();
    }
    this.#deferred.length = 0;
    if (this.#lingering.length > 0) this.#resetLingering();
    this.#inTurn = false;
    this.#flush();
    if (this.#drain === "final" && this.#streams.size === 0 && !this.#closing)
      this.#shutDown(ErrorCode.noError, "");
  }

  #resetLingering(): void {
    const lingering = this.#lingering;
    this.#lingering = [];
    // RFC 9113 section 8.1: a response that does not need the rest of its request asks for it not to be sent.
    for (const stream of lingering) if (!stream.remoteClosed) this.reset(stream, ErrorCode.noError);
  }

  #flush(): void {
    const { outbound } = this;
    const { output } = outbound;
    const { outputHighWaterBytes, outputBytesMax } = this.context.options.limits;
    this.#inTurn = true;
    do {
      outbound.pump();
      this.context.counters.bytesSent += output.flush();
      outbound.pump();
    } while (output.gatheredBytes > 0 && output.backlogBytes <= outputHighWaterBytes);
    this.context.counters.bytesSent += output.flush();
    this.#inTurn = false;
    if (outbound.framesSent > 0) {
      this.#pings.forgive();
      this.#idleFrameBudget.give(4 * outbound.framesSent);
      outbound.framesSent = 0;
    }
    const backlog = output.backlogBytes;
    if (backlog > outputBytesMax) this.#socket.destroy();
    else if (backlog > outputHighWaterBytes !== this.#readingPaused)
      this.#pauseReading(backlog > outputHighWaterBytes);
    this.#slowReader.watch();
    if (this.#deferred.length > 0) this.wantTurn();
  }

  /** A peer that does not take answers may not ask more. */
  #pauseReading(paused: boolean): void {
    this.#readingPaused = paused;
    if (paused) this.#socket.pause();
    else this.#socket.resume();
  }

  // --- frames ---

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
        if (end - start !== 5) this.#streamError(streamId, ErrorCode.frameSizeError);
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
    if (increment > 0) this.outbound.sendWindowUpdate(0, increment);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#onFrameOfUnknownStream(streamId);
      return;
    }
    if (stream.remoteClosed) {
      this.#streamError(streamId, ErrorCode.streamClosed);
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
    if (!fits) this.#streamError(stream.id, ErrorCode.protocolError);
    return fits;
  }

  #onRemoteClosed(stream: CallStream): void {
    if (stream.localClosed) this.#streams.delete(stream.id);
    else stream.receiveEnd();
  }

  onHeaderBlock(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    if (streamId > this.#lastStreamId) {
      this.#onRequest(streamId, endStream, this.#intake.readRequest(bytes, start, end));
      return;
    }
    const wrong = this.#intake.readTrailers(bytes, start, end);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#recentResets.has(streamId)) return;
      throw new ConnectionError(ErrorCode.streamClosed, `HEADERS for the closed stream ${streamId}`);
    }
    if (stream.remoteClosed) this.#streamError(streamId, ErrorCode.streamClosed);
    else if (!endStream || wrong !== undefined) this.#streamError(streamId, ErrorCode.protocolError);
    else if (this.#fitsContentLength(stream, true)) {
      stream.remoteClosed = true;
      this.#onRemoteClosed(stream);
    }
  }

  onHeaderBlockTimeout(): void {
    this.#fail(new ConnectionError(ErrorCode.enhanceYourCalm, "header block takes too long"));
  }

  #onRequest(streamId: number, endStream: boolean, head: RequestHead): void {
    if ((streamId & 1) === 0)
      throw new ConnectionError(ErrorCode.protocolError, `stream ${streamId} is even`);
    this.#lastStreamId = streamId;
    // After the final GOAWAY a call beyond the announced id is not looked at: the peer repeats it elsewhere.
    if (this.#drain === "final") {
      this.#refuseStream(streamId, ErrorCode.refusedStream);
      return;
    }
    const { counters, options } = this.context;
    const { limits } = options;
    this.#idleFrameBudget.give(8);
    if (head.malformed !== undefined || (endStream && head.contentLength > 0)) {
      this.#streamError(streamId, ErrorCode.protocolError);
    } else if (
      this.#streams.size >= Math.min(options.maxConcurrentStreams, limits.openCallsMax) ||
      this.outbound.queuedBytes > limits.queuedBytesMax
    ) {
      this.#streamError(streamId, ErrorCode.refusedStream);
    } else if (head.method === undefined) {
      this.#refuseRequest(streamId, endStream, head);
    } else {
      counters.callsTotal++;
      counters.callsOpen++;
      const stream = new CallStream(streamId, this, head, head.method);
      stream.remoteClosed = endStream;
      this.#streams.set(streamId, stream);
      stream.start();
      if (endStream) this.#onRemoteClosed(stream);
    }
  }

  /** A request that never becomes a call: one block says why. */
  #refuseRequest(streamId: number, endStream: boolean, head: RequestHead): void {
    const { refusal } = head;
    if (refusal === undefined) return;
    const { counters } = this.context;
    counters.callsTotal++;
    counters.callsByStatus[refusal.code]!++;
    const { blocks } = this.outbound;
    const block = blocks.refusal(refusal.httpStatus, refusal.code, refusal.message);
    this.outbound.sendHeaders(streamId, block, true);
    if (endStream) return;
    this.#recentResets.add(streamId);
    this.outbound.sendReset(streamId, ErrorCode.noError);
  }

  #onReset(streamId: number, length: number): void {
    requireStream(streamId);
    if (length !== 4) throw new ConnectionError(ErrorCode.frameSizeError, "RST_STREAM is not four bytes");
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (streamId > this.#lastStreamId)
        throw new ConnectionError(ErrorCode.protocolError, "RST_STREAM of an idle stream");
      this.#spendIdleFrame();
      return;
    }
    this.#spendReset();
    this.#streams.delete(streamId);
    stream.remoteClosed = true;
    stream.localClosed = true;
    stream.abort("cancelled");
  }

  #onWindowUpdate(bytes: Buffer, streamId: number, start: number, end: number): void {
    if (end - start !== 4)
      throw new ConnectionError(ErrorCode.frameSizeError, "WINDOW_UPDATE is not four bytes");
    this.#spendIdleFrame();
    const increment = readUint31(bytes, start);
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.protocolError, "WINDOW_UPDATE of 0");
      this.outbound.openConnectionWindow(increment);
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (streamId > this.#lastStreamId)
        throw new ConnectionError(ErrorCode.protocolError, "WINDOW_UPDATE of an idle stream");
    } else if (increment === 0) {
      this.#streamError(streamId, ErrorCode.protocolError);
    } else if (!this.outbound.openStreamWindow(stream, increment)) {
      this.#streamError(streamId, ErrorCode.flowControlError);
    }
  }

  #onSettings(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    requireConnection(streamId);
    const { limits } = this.context.options;
    const length = end - start;
    if ((flags & FrameFlag.ack) !== 0) {
      if (length !== 0) throw new ConnectionError(ErrorCode.frameSizeError, "SETTINGS ack with a payload");
      if (this.#unackedSettings === 0) this.#spendSettings();
      else if (--this.#unackedSettings === 0 && this.#settingsSeen)
        this.context.wheel.stop(this.#settingsAlarm);
      return;
    }
    if (length % 6 !== 0) throw new ConnectionError(ErrorCode.frameSizeError, "SETTINGS of a broken length");
    if (length / 6 > limits.settingsEntriesMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many parameters in SETTINGS");
    }
    this.#spendSettings();
    if (!this.#settingsSeen) {
      this.#settingsSeen = true;
      this.context.wheel.startIn(this.#settingsAlarm, limits.settingsAckTimeoutMs);
    }
    applyPeerSettings(bytes, start, end, {
      onHeaderTableSize: (size) => {
        this.outbound.blocks.setPeerTableBytes(size);
      },
      onInitialWindowSize: (size) => {
        this.outbound.setInitialStreamWindow(size, this.#streams.values());
      },
    });
    this.outbound.sendSettingsAck();
  }

  #onPing(bytes: Buffer, flags: number, streamId: number, start: number, end: number): void {
    requireConnection(streamId);
    if (end - start !== 8) throw new ConnectionError(ErrorCode.frameSizeError, "PING is not eight bytes");
    const payload = bytes.subarray(start, end);
    if ((flags & FrameFlag.ack) !== 0) {
      if (this.#drain === "announced" && drainPing.equals(payload)) this.#finishDrain();
      else this.#spendIdleFrame();
      return;
    }
    if (!this.#pings.allows(this.context.nowMs(), this.#streams.size)) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too_many_pings");
    }
    this.outbound.sendPing(payload, true);
  }

  /** DATA for a stream that is not there: fine when we have reset it, else the peer's mistake. */
  #onFrameOfUnknownStream(streamId: number): void {
    requireStream(streamId);
    if (streamId > this.#lastStreamId)
      throw new ConnectionError(ErrorCode.protocolError, "DATA of an idle stream");
    this.#spendIdleFrame();
    if (!this.#recentResets.has(streamId)) this.#streamError(streamId, ErrorCode.streamClosed);
  }

  // --- budgets and errors ---

  #spendIdleFrame(): void {
    if (!this.#idleFrameBudget.take())
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many frames without use");
  }

  #spendReset(): void {
    if (!this.#resetBudget.take()) throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many resets");
  }

  #spendSettings(): void {
    if (!this.#settingsBudget.take())
      throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many SETTINGS");
  }

  /** The peer broke a rule that costs it this stream only. */
  #streamError(streamId: number, code: number): void {
    this.#spendReset();
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#refuseStream(streamId, code);
      return;
    }
    stream.abort("cancelled");
    this.reset(stream, code);
  }

  #refuseStream(streamId: number, code: number): void {
    this.#recentResets.add(streamId);
    this.outbound.sendReset(streamId, code);
  }

  #receiveWindowOf(stream: CallStream): ReceiveWindow {
    const { streamWindowBytes, streamWindowBytesMax } = this.context.options.limits;
    // Until it has read our SETTINGS the peer may count on the protocol's own default.
    return (stream.receiveWindow ??= new ReceiveWindow(
      Math.max(windowBytesDefault, streamWindowBytes),
      streamWindowBytes,
      streamWindowBytesMax,
    ));
  }

  #sendOwnSettings(): void {
    const { maxConcurrentStreams, limits } = this.context.options;
    const entries: [number, number][] = [
      [Setting.initialWindowSize, limits.streamWindowBytes],
      [Setting.maxHeaderListSize, limits.headerListBytesMax],
    ];
    if (maxConcurrentStreams < 0xffff_ffff)
      entries.push([Setting.maxConcurrentStreams, maxConcurrentStreams]);
    this.outbound.sendSettings(entries);
    this.#unackedSettings++;
    const increment = limits.connectionWindowBytes - windowBytesDefault;
    if (increment > 0) this.outbound.sendWindowUpdate(0, increment);
  }

  // --- the end ---

  #finishDrain(): void {
    if (this.#drain !== "announced") return;
    this.#drain = "final";
    this.#drainStreamId = this.#lastStreamId;
    this.context.wheel.stop(this.#drainAlarm);
    this.outbound.sendGoAway(this.#lastStreamId, ErrorCode.noError, "");
    this.wantTurn();
  }

  #fail(error: ConnectionError): void {
    if (this.#closing) return;
    this.context.counters.connectionErrors++;
    this.#shutDown(error.code, error.message);
  }

  /** Says goodbye, lets go of all calls, and gives the peer a moment to read. */
  #shutDown(code: number, debug: string): void {
    this.#closing = true;
    this.#splitter.stop();
    this.#headerBlocks.close();
    if (code !== ErrorCode.noError || this.#drain !== "final") {
      this.outbound.sendGoAway(Math.min(this.#lastStreamId, this.#drainStreamId), code, debug);
    }
    this.#abortAll();
    this.#flush();
    this.#socket.end();
    this.context.wheel.startIn(this.#closeAlarm, lingerMs);
  }

  #abortAll(): void {
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) {
      stream.remoteClosed = true;
      stream.localClosed = true;
      stream.abort("connection-lost");
    }
  }

  #onSocketClosed(): void {
    this.#closing = true;
    this.#splitter.stop();
    this.#headerBlocks.close();
    this.#keepalive.stop();
    this.#slowReader.stop();
    const { wheel } = this.context;
    for (const alarm of [this.#settingsAlarm, this.#closeAlarm, this.#drainAlarm]) wheel.stop(alarm);
    this.#abortAll();
    this.#onClosed(this);
  }
}

function requireStream(streamId: number): void {
  if (streamId === 0) throw new ConnectionError(ErrorCode.protocolError, "a frame of a stream on stream 0");
}

function requireConnection(streamId: number): void {
  if (streamId !== 0)
    throw new ConnectionError(ErrorCode.protocolError, "a frame of the connection on a stream");
}
