/**
 * One HTTP/2 connection: the socket, the turns, and the beginning and the end.
 *
 *   socket --> FrameSplitter --> Inbound --> HeaderBlocks --> RequestIntake --> CallStream --> handler
 *                                   |  \                                           |
 *                                   |   +--> StreamTable                            |
 *   socket <-- OutputBuffer <--- Outbound <-----------------------------------------+
 *
 * All work of one chunk is one turn; what it produced is written at its end. Replies that come later (after an await, a
 * disk write) start a turn of their own, which ends when the event loop has run everything that was due with them.
 * Source: RFC 9113 sections 3.4, 6.5 and 6.8.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { ConnectionError, ErrorCode, Setting, streamIdMax, windowBytesDefault } from "../http2/frame.js";
import { FrameSplitter } from "../http2/frame-splitter.js";
import type { ServerContext } from "../server-context.js";
import { Alarm } from "../timer-wheel.js";
import type { CallStream } from "./call-stream.js";
import { FirstChunks, type ChunkSink } from "./first-chunks.js";
import { Inbound } from "./inbound.js";
import type { InboundSink } from "./inbound.js";
import { Keepalive } from "../http2/keepalive.js";
import { Outbound } from "./outbound.js";
import { peerAddress, peerCommonName } from "./peer-identity.js";
import { SlowReader } from "./slow-reader.js";
import { StreamTable } from "./stream-table.js";

/** Time for the peer to read our GOAWAY before the socket is torn down, in ms. */
const lingerMs = 1_000;
/** Time after the first GOAWAY for calls that were on their way, when the peer does not answer the ping, in ms. */
const drainPingTimeoutMs = 5_000;

const keepalivePing = Buffer.from("alive?\0\0", "latin1");
const drainPing = Buffer.from("draining", "latin1");

export class Connection implements InboundSink, ChunkSink {
  readonly context: ServerContext;
  readonly outbound: Outbound;
  inboxBytes = 0;
  readonly #socket: Socket | TLSSocket;
  readonly #onClosed: (connection: Connection) => void;
  readonly #splitter: FrameSplitter;
  readonly #streams: StreamTable;
  readonly #inbound: Inbound;
  readonly #keepalive: Keepalive;
  readonly #slowReader: SlowReader;
  readonly #settingsAlarm = new Alarm(() => {
    this.fail(new ConnectionError(ErrorCode.settingsTimeout, "no SETTINGS in time"));
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
  #deferred: CallStream[] = [];
  /** Last id that the final GOAWAY promised to look at. */
  #drainStreamId = streamIdMax;
  #greeted = false;
  #acknowledged = false;
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
    this.outbound = new Outbound(socket, context);
    this.#streams = new StreamTable(context, this.outbound);
    this.#inbound = new Inbound(this, this.#streams);
    this.#splitter = new FrameSplitter(this.#inbound);
    const { wheel, nowMs, options } = context;
    const { keepaliveTimeMs: timeMs, keepaliveTimeoutMs: timeoutMs } = options;
    this.#keepalive = new Keepalive(
      { wheel, nowMs, timeMs, timeoutMs },
      {
        sendKeepalivePing: () => {
          this.outbound.sendPing(keepalivePing, false);
          this.wantTurn();
        },
        onPeerSilent: () => {
          this.#socket.destroy();
        },
      },
    );
    this.#slowReader = new SlowReader(context, this.outbound, () => {
      this.context.counters.connectionErrors++;
      this.#socket.destroy();
    });
  }

  /** The preface has been read; `rest` is what followed it in the same chunk. */
  start(rest: Buffer): void {
    const { wheel, options } = this.context;
    const socket = this.#socket;
    socket.setNoDelay(true);
    const chunks = new FirstChunks(socket, this.context.newcomers, this);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
    });
    socket.on("drain", () => {
      this.#endTurn();
    });
    socket.on("end", () => {
      this.#streams.abortAll();
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
    if (rest.length > 0) this.onChunk(rest);
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
    this.#streams.onLocalClosed(stream);
    this.wantTurn();
  }

  reset(stream: CallStream, code: number): void {
    this.#streams.reset(stream, code);
    this.wantTurn();
  }

  giveCredit(stream: CallStream, bytes: number): void {
    this.#inbound.giveCredit(stream, bytes);
    this.wantTurn();
  }

  // --- InboundSink ---

  get takesNoCalls(): boolean {
    return this.#drain === "final";
  }

  onFirstSettings(): void {
    const { wheel, options } = this.context;
    if (this.#acknowledged) wheel.stop(this.#settingsAlarm);
    else wheel.startIn(this.#settingsAlarm, options.limits.settingsAckTimeoutMs);
    this.#greeted = true;
  }

  onSettingsAcknowledged(): void {
    this.#acknowledged = true;
    if (this.#greeted) this.context.wheel.stop(this.#settingsAlarm);
  }

  onPingAcknowledged(payload: Buffer): void {
    if (drainPing.equals(payload)) this.#finishDrain();
  }

  // --- ChunkSink ---

  get isKnown(): boolean {
    return this.#streams.lastStreamId > 0;
  }

  get isReadingPaused(): boolean {
    return this.#readingPaused;
  }

  onChunk(chunk: Buffer): void {
    this.context.counters.bytesReceived += chunk.length;
    this.#keepalive.onRead(this.context.nowMs());
    this.#inTurn = true;
    try {
      this.#splitter.push(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.fail(error);
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
    this.#streams.resetLingering();
    this.#inTurn = false;
    this.#flush();
    if (this.#drain === "final" && this.#streams.size === 0 && !this.#closing)
      this.#shutDown(ErrorCode.noError, "");
  }

  #flush(): void {
    const { outbound } = this;
    const { output } = outbound;
    const { outputHighWaterBytes, outputBytesMax } = this.context.options.limits;
    this.#inTurn = true;
    outbound.pump();
    this.#inTurn = false;
    this.context.counters.bytesSent += output.flush();
    if (outbound.framesSent > 0) {
      this.#inbound.onFramesSent(outbound.framesSent);
      outbound.framesSent = 0;
    }
    const backlog = output.backlogBytes;
    if (backlog > outputBytesMax) this.#socket.destroy();
    else if (backlog > outputHighWaterBytes !== this.#readingPaused)
      this.#pauseReading(backlog > outputHighWaterBytes);
    this.#slowReader.watch();
    // However fast the peer takes it, others get their turn in between.
    if (this.#deferred.length > 0 || outbound.canSendMore) this.#wantTurnLater();
  }

  #wantTurnLater(): void {
    if (this.#tickWanted || this.#closing) return;
    this.#tickWanted = true;
    setImmediate(this.#onTick);
  }

  /** A peer that does not take answers may not ask more. */
  #pauseReading(paused: boolean): void {
    this.#readingPaused = paused;
    if (paused) this.#socket.pause();
    else this.#socket.resume();
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
    const increment = limits.connectionWindowBytes - windowBytesDefault;
    if (increment > 0) this.outbound.sendWindowUpdate(0, increment);
  }

  // --- the end ---

  #finishDrain(): void {
    if (this.#drain !== "announced") return;
    this.#drain = "final";
    this.#drainStreamId = this.#streams.lastStreamId;
    this.context.wheel.stop(this.#drainAlarm);
    this.outbound.sendGoAway(this.#streams.lastStreamId, ErrorCode.noError, "");
    this.wantTurn();
  }

  fail(error: ConnectionError): void {
    if (this.#closing) return;
    this.context.counters.connectionErrors++;
    this.#shutDown(error.code, error.message);
  }

  /** Says goodbye, lets go of all calls, and gives the peer a moment to read. */
  #shutDown(code: number, debug: string): void {
    this.#closing = true;
    this.#splitter.stop();
    this.#inbound.close();
    if (code !== ErrorCode.noError || this.#drain !== "final") {
      this.outbound.sendGoAway(Math.min(this.#streams.lastStreamId, this.#drainStreamId), code, debug);
    }
    this.#streams.abortAll();
    this.#flush();
    this.#socket.end();
    this.context.wheel.startIn(this.#closeAlarm, lingerMs);
  }

  #onSocketClosed(): void {
    this.#closing = true;
    this.#splitter.stop();
    this.#inbound.close();
    this.#keepalive.stop();
    this.#slowReader.stop();
    const { wheel } = this.context;
    for (const alarm of [this.#settingsAlarm, this.#closeAlarm, this.#drainAlarm]) wheel.stop(alarm);
    this.#streams.abortAll();
    this.#onClosed(this);
  }
}
