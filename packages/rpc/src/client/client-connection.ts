/**
 * One HTTP/2 connection of a client: the socket, the turns, and the beginning and the end.
 *
 *   call --> RequestBlocks --> RequestSender --> OutputBuffer --> socket
 *   caller <-- ClientCall <-- ResponseReader <-- ResponseReceiver <-- FrameSplitter <-- socket
 *
 * Whatever callers start in one turn of the event loop is gathered and written at its end, with one `write`.
 * Source: RFC 9113 sections 3.4, 6.5, 6.7 and 6.8.
 */
import type { Socket } from "node:net";
import {
  ConnectionError,
  ErrorCode,
  preface,
  Setting,
  streamIdMax,
  windowBytesDefault,
} from "../http2/frame.js";
import { FrameSplitter } from "../http2/frame-splitter.js";
import { Keepalive } from "../http2/keepalive.js";
import { OutputBuffer } from "../http2/output-buffer.js";
import type { ChunkPool } from "../http2/output-buffer.js";
import { formatTimeout } from "../grpc/timeout.js";
import { GrpcStatus } from "../status.js";
import { Alarm } from "../timer-wheel.js";
import type { TimerWheel } from "../timer-wheel.js";
import type { CallHost, ClientCall } from "./client-call.js";
import type { ResolvedChannelOptions } from "./options.js";
import { RequestBlocks } from "./request-blocks.js";
import { RequestSender } from "./request-sender.js";
import type { ReceiverHost } from "./response-receiver.js";
import { ResponseReceiver } from "./response-receiver.js";
import { nameOfErrorCode } from "./status-mapping.js";

/** What the connections of one channel share. */
export interface ChannelContext {
  readonly options: ResolvedChannelOptions;
  readonly wheel: TimerWheel;
  readonly chunks: ChunkPool;
  /** Silence before a ping, in ms; what the channel has learned of the server. */
  keepaliveTimeMs: number;
}

/** What a connection tells its channel. */
export interface ConnectionSink {
  /** The server has said what it takes: calls may begin. Once. */
  onReady(connection: ClientConnection): void;
  /** Another call may begin. */
  onRoom(connection: ClientConnection): void;
  /** No call may begin any more; those that have go on. Once. */
  onRetired(connection: ClientConnection, errorCode: number): void;
  /** The socket is gone and all calls have been told. Once. */
  onClosed(connection: ClientConnection, end: ConnectionEnd): void;
}

export interface ConnectionEnd {
  readonly reason: string;
  /** Calls were cut off, or somebody broke a rule. */
  readonly wasLost: boolean;
}

/** Time for a server to take our GOAWAY before the socket is torn down, in ms. */
const lingerMs = 1_000;

const keepalivePing = Buffer.from("alive?\0\0", "latin1");

export class ClientConnection implements CallHost, ReceiverHost {
  readonly options: ResolvedChannelOptions;
  readonly wheel: TimerWheel;
  readonly sender: RequestSender;
  readonly calls: Map<number, ClientCall> = new Map();
  nextStreamId = 1;
  readonly #socket: Socket;
  readonly #sink: ConnectionSink;
  readonly #blocks: RequestBlocks;
  readonly #receiver: ResponseReceiver;
  readonly #splitter: FrameSplitter;
  readonly #keepalive: Keepalive;
  readonly #onTick = (): void => {
    this.#isTickWanted = false;
    this.#flush();
  };
  readonly #lingerAlarm = new Alarm(() => {
    this.#socket.destroy();
  });
  #concurrentMax = Infinity;
  #isReady = false;
  #isRetired = false;
  #isClosing = false;
  #isTickWanted = false;
  #isRoomAwaited = false;
  #wasLost = false;
  #reason = "the connection was closed by the server";

  constructor(context: ChannelContext, socket: Socket, sink: ConnectionSink) {
    const { options, wheel, chunks } = context;
    const { limits, nowMs, keepaliveTimeoutMs: timeoutMs } = options;
    this.options = options;
    this.wheel = wheel;
    this.#socket = socket;
    this.#sink = sink;
    this.sender = new RequestSender(new OutputBuffer(socket, chunks), limits.outputHighWaterBytes);
    const scheme = options.tls === undefined ? "http" : "https";
    this.#blocks = new RequestBlocks(scheme, options.authority, options.userAgent);
    this.#receiver = new ResponseReceiver(this);
    this.#splitter = new FrameSplitter(this.#receiver);
    this.#keepalive = new Keepalive(
      { wheel, nowMs, timeMs: context.keepaliveTimeMs, timeoutMs },
      {
        sendKeepalivePing: () => {
          this.sender.sendPing(keepalivePing, false);
          this.wantTurn();
        },
        onPeerSilent: () => {
          this.#lose(`no sign of life within ${timeoutMs} ms of a ping`);
        },
      },
    );
  }

  /** The socket is connected: says hello. */
  start(): void {
    const socket = this.#socket;
    const { limits } = this.options;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#onChunk(chunk);
    });
    socket.on("drain", () => {
      this.#flush();
    });
    socket.on("error", (error) => {
      this.#reason = error.message;
    });
    socket.on("close", () => {
      this.#onSocketClosed();
    });
    const { sender } = this;
    sender.output.reserve(preface.length);
    sender.output.append(preface, 0, preface.length);
    sender.sendSettings([
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, limits.streamWindowBytes],
      [Setting.maxHeaderListSize, limits.headerListBytesMax],
    ]);
    const increment = limits.connectionWindowBytes - windowBytesDefault;
    if (increment > 0) sender.sendWindowUpdate(0, increment);
    this.#flush();
  }

  /** Whether `open` may be called now; when not, `onRoom` or `onRetired` follows. */
  get canOpen(): boolean {
    if (!this.#isReady || this.#isRetired) return false;
    if (this.calls.size < this.#concurrentMax && this.sender.hasRoom) return true;
    this.#isRoomAwaited = true;
    return false;
  }

  /** Gives a call its stream. */
  open(call: ClientCall): void {
    const id = this.nextStreamId;
    this.nextStreamId += 2;
    const { path, metadata } = call.request;
    const { deadlineMs } = call;
    const timeout = deadlineMs < 0 ? "" : formatTimeout(deadlineMs - this.options.nowMs());
    if (this.calls.size === 0) this.#onBusy();
    this.calls.set(id, call);
    call.open(this, id, this.#blocks.block(path, metadata, timeout));
    this.wantTurn();
    if (this.nextStreamId > streamIdMax) this.#retire(ErrorCode.noError);
  }

  /** Ends every call that is open, with CANCELLED, and then the connection. */
  close(reason: string): void {
    if (this.#isClosing) return;
    for (const call of [...this.calls.values()]) call.abort(GrpcStatus.cancelled, reason);
    this.#reason = reason;
    this.#shutDown(ErrorCode.noError, "");
  }

  // --- CallHost and ReceiverHost ---

  wantTurn(): void {
    if (this.#isTickWanted) return;
    this.#isTickWanted = true;
    process.nextTick(this.#onTick);
  }

  giveCredit(call: ClientCall, bytes: number): void {
    this.#receiver.giveCredit(call, bytes);
  }

  remove(call: ClientCall): void {
    if (!this.calls.delete(call.id)) return;
    if (this.calls.size === 0) this.#onIdle();
    if (this.#isRoomAwaited) this.#tellRoom();
  }

  reset(call: ClientCall, errorCode: number): void {
    this.sender.sendReset(call.id, errorCode);
    this.wantTurn();
    this.remove(call);
  }

  onSettings(): void {
    if (this.#isReady) {
      this.#tellRoom();
      return;
    }
    this.#isReady = true;
    if (this.calls.size === 0) this.#socket.unref();
    this.#sink.onReady(this);
  }

  onMaxConcurrentStreams(count: number): void {
    this.#concurrentMax = Math.min(count, this.options.limits.openCallsMax);
  }

  onHeaderTableSize(bytes: number): void {
    this.#blocks.setPeerTableBytes(bytes);
  }

  onGoAway(lastStreamId: number, code: number, debug: string): void {
    const why = `${nameOfErrorCode(code)}${debug === "" ? "" : `: ${debug}`}`;
    this.#reason = `the server says goodbye (${why})`;
    this.#retire(code);
    // What comes behind the last id was not looked at, and never will be.
    for (const call of [...this.calls.values()]) {
      if (call.id <= lastStreamId) continue;
      this.calls.delete(call.id);
      call.finish(GrpcStatus.unavailable, this.#reason, false);
    }
    if (this.calls.size === 0) this.#onIdle();
  }

  fail(error: ConnectionError): void {
    if (this.#isClosing) return;
    this.#reason = `the server broke the protocol: ${error.message}`;
    this.#wasLost = true;
    this.#shutDown(error.code, error.message);
  }

  // --- turns ---

  #onChunk(chunk: Buffer): void {
    this.#keepalive.onRead(this.options.nowMs());
    try {
      this.#splitter.push(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.fail(error);
    }
    // Callers that were told go on after this, and what they start then goes out in the same write.
    if (this.sender.output.gatheredBytes > 0) this.wantTurn();
  }

  #flush(): void {
    if (this.#socket.destroyed) return;
    const { sender } = this;
    const { output } = sender;
    sender.pump();
    output.flush();
    if (sender.framesSent > 0) {
      this.#receiver.onFramesSent(sender.framesSent);
      sender.framesSent = 0;
    }
    if (output.backlogBytes > this.options.limits.outputBytesMax) {
      this.#lose("the server takes no bytes");
      return;
    }
    if (this.#isRoomAwaited) this.#tellRoom();
    // However fast the server takes it, others get their turn in between.
    if (sender.canSendMore && !this.#isTickWanted && !this.#isClosing) {
      this.#isTickWanted = true;
      setImmediate(this.#onTick);
    }
  }

  #tellRoom(): void {
    if (this.#isRetired || this.#isClosing) return;
    this.#isRoomAwaited = false;
    this.#sink.onRoom(this);
  }

  // --- the end ---

  /** The first call: its answer is waited for, and a silent server is noticed. */
  #onBusy(): void {
    this.#socket.ref();
    this.#keepalive.start();
  }

  /** The last call has ended: nobody waits for this connection, which must not keep the process alive. */
  #onIdle(): void {
    this.#keepalive.stop();
    if (this.#isRetired) this.#shutDown(ErrorCode.noError, "");
    else this.#socket.unref();
  }

  #retire(errorCode: number): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#sink.onRetired(this, errorCode);
  }

  /** The connection is of no use any more, and nobody is told so. */
  #lose(reason: string): void {
    this.#reason = reason;
    this.#wasLost = true;
    this.#socket.destroy();
  }

  /** Says goodbye, and lets the socket end once that is written. */
  #shutDown(errorCode: number, debug: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#splitter.stop();
    this.#retire(ErrorCode.noError);
    this.sender.sendGoAway(0, errorCode, debug);
    this.sender.output.flush();
    this.#socket.destroySoon();
    this.wheel.startIn(this.#lingerAlarm, lingerMs);
    this.#abandonCalls();
  }

  #onSocketClosed(): void {
    this.#isClosing = true;
    this.#splitter.stop();
    this.#receiver.close();
    this.#keepalive.stop();
    this.wheel.stop(this.#lingerAlarm);
    this.#retire(ErrorCode.noError);
    this.#abandonCalls();
    this.#sink.onClosed(this, { reason: this.#reason, wasLost: this.#wasLost });
  }

  #abandonCalls(): void {
    const calls = [...this.calls.values()];
    this.calls.clear();
    if (calls.length > 0) this.#wasLost = true;
    for (const call of calls) call.finish(GrpcStatus.unavailable, `connection lost: ${this.#reason}`, true);
  }
}
