/**
 * The way to one server: calls, and the connection that they go over.
 *
 *   startCall --> [waiting] --> connection --> ended
 *                    |
 *                    +-- no connection comes about: UNAVAILABLE, not sent
 *
 * Nothing is connected before the first call. A connection that ends is not replaced before the next call, one that does not come
 * about not before a pause that doubles; calls fail at once meanwhile. After GOAWAY open calls go on where they are and new ones go
 * over another connection. Nothing is ever repeated here.
 */
import type { Socket } from "node:net";
import { ErrorCode } from "../http2/frame.js";
import { ChunkPool } from "../http2/output-buffer.js";
import { GrpcStatus } from "../status.js";
import { Alarm, TimerWheel } from "../timer-wheel.js";
import type { CallEvents, CallOwner, CallRequest } from "./client-call.js";
import { ClientCall } from "./client-call.js";
import type { ChannelContext, ConnectionEnd, ConnectionSink } from "./client-connection.js";
import { ClientConnection } from "./client-connection.js";
import { dial } from "./dial.js";
import type { GrpcChannelOptions, ResolvedChannelOptions } from "./options.js";
import { resolveChannelOptions } from "./options.js";
import { checkMetadata } from "./request-blocks.js";
import type { RequestMetadata } from "./request-blocks.js";
import type { UnaryListener } from "./unary-events.js";
import { UnaryEvents } from "./unary-events.js";
import { WaitingCalls } from "./waiting-calls.js";

const tickMs = 10;
const slotCount = 1024;
/** A server that finds pings too frequent is pinged half as often each time it says so, and at least this often. */
const pingEveryMsMax = 3_600_000;

interface Refusal {
  readonly code: number;
  readonly message: string;
}

export class GrpcChannel implements CallOwner, ConnectionSink {
  readonly options: ResolvedChannelOptions;
  readonly wheel: TimerWheel;
  readonly #context: ChannelContext;
  readonly #waiting = new WaitingCalls();
  /** Every one whose socket is not gone. */
  readonly #connections = new Set<ClientConnection>();
  /** Where new calls go. */
  #current: ClientConnection | undefined;
  /** What is on its way to become that: a socket that connects, then a connection that waits for the server's SETTINGS. */
  #dialled: Socket | undefined;
  #candidate: ClientConnection | undefined;
  readonly #connectAlarm = new Alarm(() => {
    this.#onConnectFailed(`no connection within ${this.options.connectTimeoutMs} ms`);
  });
  #failuresInARow = 0;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #lastFailure = "";
  /** The last one that was looked at: callers use the same again and again. */
  #checkedMetadata: RequestMetadata | undefined;
  #isClosed = false;

  constructor(options: GrpcChannelOptions) {
    this.options = resolveChannelOptions(options);
    const { nowMs, keepaliveTimeMs } = this.options;
    this.wheel = new TimerWheel({ tickMs, slotCount, nowMs });
    this.#context = { options: this.options, wheel: this.wheel, chunks: new ChunkPool(), keepaliveTimeMs };
  }

  /** Calls that wait for a connection, or for the server to take more of them. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Calls that have a stream. */
  get openCount(): number {
    let count = 0;
    for (const { calls } of this.#connections) count += calls.size;
    return count;
  }

  /** Begins a call of any kind; what becomes of it is told to `events`, never from within. */
  startCall(request: CallRequest, events: CallEvents): ClientCall {
    const call = new ClientCall(this, request, events);
    const refusal = this.#refuse(request);
    if (refusal !== undefined) {
      process.nextTick(() => {
        call.finish(refusal.code, refusal.message, false);
      });
      return call;
    }
    const current = this.#current;
    if (current !== undefined && this.#waiting.size === 0 && current.canOpen) {
      current.open(call);
      return call;
    }
    this.#waiting.push(call);
    this.#connect();
    return call;
  }

  /** A call of one message each way. `listener` gets the message when the end says OK. @returns the call, to be cancelled. */
  unary(request: CallRequest & { readonly message: Uint8Array }, listener: UnaryListener): ClientCall {
    const events = new UnaryEvents(listener);
    const call = this.startCall(request, events);
    events.call = call;
    return call;
  }

  /** Ends every call with CANCELLED and all connections; later calls fail at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const reason = "the channel is closed";
    this.wheel.stop(this.#connectAlarm);
    this.#dialled?.destroy();
    this.#failWaiting(GrpcStatus.cancelled, reason);
    for (const connection of [...this.#connections]) connection.close(reason);
  }

  // --- CallOwner ---

  forget(call: ClientCall): void {
    if (call.isWaiting) this.#waiting.delete(call);
  }

  // --- ConnectionSink ---

  onReady(connection: ClientConnection): void {
    this.wheel.stop(this.#connectAlarm);
    this.#candidate = undefined;
    this.#current = connection;
    this.#failuresInARow = 0;
    this.options.onConnection({ kind: "connected" });
    this.onRoom(connection);
  }

  onRoom(connection: ClientConnection): void {
    while (this.#waiting.size > 0 && connection === this.#current && connection.canOpen) {
      const call = this.#waiting.shift();
      if (call !== undefined) connection.open(call);
    }
  }

  onRetired(connection: ClientConnection, errorCode: number): void {
    const context = this.#context;
    if (errorCode === ErrorCode.enhanceYourCalm)
      context.keepaliveTimeMs = Math.min(pingEveryMsMax, context.keepaliveTimeMs * 2);
    if (connection !== this.#current) return;
    this.#current = undefined;
    if (this.#waiting.size > 0) this.#connect();
  }

  onClosed(connection: ClientConnection, { reason, wasLost }: ConnectionEnd): void {
    this.#connections.delete(connection);
    if (connection === this.#candidate) this.#onConnectFailed(reason);
    else this.options.onConnection({ kind: wasLost ? "lost" : "closed", reason });
  }

  // --- details ---

  /** Why a call is not even looked at. */
  #refuse({ message, metadata }: CallRequest): Refusal | undefined {
    const { maxSendMessageBytes, limits, nowMs } = this.options;
    if (this.#isClosed) return { code: GrpcStatus.cancelled, message: "the channel is closed" };
    if (metadata !== undefined && metadata !== this.#checkedMetadata) {
      const wrong = checkMetadata(metadata);
      if (wrong !== undefined) return { code: GrpcStatus.internal, message: wrong };
      this.#checkedMetadata = metadata;
    }
    const length = message?.length ?? 0;
    if (length > maxSendMessageBytes) {
      const text = `trying to send a message larger than max (${length} vs. ${maxSendMessageBytes})`;
      return { code: GrpcStatus.resourceExhausted, message: text };
    }
    if (this.#waiting.size >= limits.waitingCallsMax) {
      const text = `${limits.waitingCallsMax} calls wait for a connection already`;
      return { code: GrpcStatus.resourceExhausted, message: text };
    }
    if (this.#current === undefined && !this.#isConnecting && nowMs() < this.#retryAtMs)
      return { code: GrpcStatus.unavailable, message: this.#lastFailure };
    return undefined;
  }

  get #isConnecting(): boolean {
    return this.#dialled !== undefined || this.#candidate !== undefined;
  }

  /** Makes sure that there is a connection, or will be. */
  #connect(): void {
    if (this.#current !== undefined || this.#isConnecting || this.#isClosed) return;
    this.wheel.startIn(this.#connectAlarm, this.options.connectTimeoutMs);
    const socket = dial(this.options, {
      onConnected: () => {
        this.#dialled = undefined;
        const connection = new ClientConnection(this.#context, socket, this);
        this.#candidate = connection;
        this.#connections.add(connection);
        connection.start();
      },
      onFailed: (reason) => {
        // One that was given up for lost says so too when it goes.
        if (this.#dialled === socket) this.#onConnectFailed(reason);
      },
    });
    this.#dialled = socket;
  }

  #onConnectFailed(reason: string): void {
    const { reconnectMinMs, reconnectMaxMs, nowMs, onConnection, authority } = this.options;
    this.wheel.stop(this.#connectAlarm);
    const candidate = this.#candidate;
    this.#dialled?.destroy();
    this.#dialled = undefined;
    this.#candidate = undefined;
    if (this.#isClosed) return;
    this.#retryAtMs =
      nowMs() + Math.min(reconnectMaxMs, reconnectMinMs * 2 ** Math.min(this.#failuresInARow, 16));
    this.#failuresInARow++;
    this.#lastFailure = `no connection to ${authority}: ${reason}`;
    onConnection({ kind: "failed", reason });
    candidate?.close(reason);
    this.#failWaiting(GrpcStatus.unavailable, this.#lastFailure);
  }

  /** Nothing of them was sent. Those that come meanwhile are not among them. */
  #failWaiting(code: number, message: string): void {
    for (let left = this.#waiting.size; left > 0; left--) this.#waiting.shift()?.finish(code, message, false);
  }
}
