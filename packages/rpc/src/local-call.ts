/**
 * Calls from within the process, for adapters of other protocols: they reach the same registered methods as calls over a connection, are
 * counted and timed out like them, and need neither a socket nor frames.
 */
import type {
  BidiCall,
  CancelListener,
  ClientStreamCall,
  Method,
  ServerStreamCall,
  UnaryCall,
} from "./grpc-call.js";
import type { MethodCounters } from "./counters.js";
import type { RegisteredMethod } from "./grpc/method-registry.js";
import { FieldMetadata } from "./grpc/field-metadata.js";
import type { Metadata } from "./metadata.js";
import type { ServerContext } from "./server-context.js";
import { GrpcStatus, statusCount } from "./status.js";
import { WheelEntry } from "./timer-wheel.js";

export interface LocalCallOptions {
  /** Full method path, for example `/etcdserverpb.KV/Put`. */
  readonly path: string;
  /** Names in lower case. */
  readonly metadata: readonly (readonly [name: string, value: string])[];
  /** Of whoever the call is made for, as `host:port`. */
  readonly peer: string;
  readonly authority: string;
  /** In ms; 0 or below ends the call at once. Default: none. */
  readonly timeoutMs?: number | undefined;
}

/** All may be called within `callLocally` or a method of `LocalCaller`. */
export interface LocalCallEvents {
  /** A response message, which stays as it is. @returns false to be sent no more until `drained` is called */
  onMessage(message: Uint8Array): boolean;
  /** The end, once. */
  onEnd(code: number, message: string): void;
  /** The handler takes messages again after it had not (see `LocalCaller.paused`). */
  onResume?(): void;
}

/** The calling side. */
export interface LocalCaller {
  /** A request message, kept by reference until it is handled. */
  send(message: Uint8Array): void;
  /** No message follows. */
  end(): void;
  /** The caller has left: the handler is told, and no event follows. */
  cancel(): void;
  /** There is room again after `onMessage` returned false. */
  drained(): void;
  /** True while the handler takes nothing: send no more until `onResume`. */
  paused(): boolean;
}

const DEADLINE_TEXT = "context deadline exceeded";

/** The handler's side; `caller` is the other one. */
export class LocalCall extends WheelEntry implements UnaryCall, ServerStreamCall, ClientStreamCall, BidiCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly peer: string;
  readonly peerCommonName = undefined;
  readonly authority: string;
  readonly congested = false;
  readonly bufferedBytes = 0;
  readonly deadlineMs: number | undefined;
  ended = false;
  readonly caller: LocalCaller;

  readonly #context: ServerContext;
  readonly #method: Method;
  readonly #counters: MethodCounters;
  readonly #events: LocalCallEvents;
  readonly #waiting: Uint8Array[] = [];
  #startedMs = -1;
  #startPulse = 0;
  #isPaused = false;
  #isDispatched = false;
  #isEndDue = false;
  #isDrainWanted = false;
  #cancelListener: CancelListener | undefined = undefined;
  #drainListener: (() => void) | undefined = undefined;
  #messageListener: ((message: Uint8Array) => void) | undefined = undefined;
  #endListener: (() => void) | undefined = undefined;

  constructor(
    context: ServerContext,
    registered: RegisteredMethod,
    { options, events }: { readonly options: LocalCallOptions; readonly events: LocalCallEvents },
  ) {
    super();
    this.#context = context;
    this.#method = registered.method;
    this.#counters = registered.counters;
    this.#events = events;
    this.path = options.path;
    this.metadata = new FieldMetadata(
      options.metadata.map(([name]) => name),
      options.metadata.map(([, value]) => value),
    );
    this.peer = options.peer;
    this.authority = options.authority;
    this.deadlineMs = options.timeoutMs === undefined ? undefined : context.nowMs() + options.timeoutMs;
    this.caller = {
      send: (message) => this.#receive(message),
      end: () => this.#receiveEnd(),
      cancel: () => this.#cancel(),
      drained: () => this.#drained(),
      paused: () => this.#isPaused,
    };
  }

  /** Starts the deadline, and the handler when it does not wait for a message. */
  start(): void {
    const counters = this.#counters;
    const { timing } = counters;
    if (timing !== undefined && counters.started % timing.every === 0)
      this.#startedMs = this.#context.nowMs();
    this.#startPulse = this.#context.slowCalls.pulse;
    counters.started += 1;
    this.#context.counters.callsTotal += 1;
    this.#context.counters.callsOpen += 1;
    if (this.deadlineMs !== undefined) {
      if (this.deadlineMs <= this.#context.nowMs()) {
        this.fail(GrpcStatus.deadlineExceeded, DEADLINE_TEXT);
        return;
      }
      this.#context.wheel.startAt(this, this.deadlineMs);
    }
    const method = this.#method;
    if (method.kind !== "client-stream" && method.kind !== "bidi") return;
    this.#isDispatched = true;
    method.handler(this);
  }

  // --- what handlers call ---

  onCancel(listener: CancelListener): void {
    this.#cancelListener = listener;
  }

  onDrain(listener: () => void): void {
    this.#drainListener = listener;
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#messageListener = listener;
  }

  onEnd(listener: () => void): void {
    this.#endListener = listener;
  }

  setHeader(): void {
    return;
  }

  setTrailer(): void {
    return;
  }

  reply(message: Uint8Array, start = 0, end: number = message.length): void {
    if (this.ended) return;
    this.#emit(message.slice(start, end));
    this.end();
  }

  replyParts(parts: readonly Uint8Array[]): void {
    if (this.ended) return;
    this.#emit(Buffer.concat(parts));
    this.end();
  }

  send(message: Uint8Array): boolean {
    return this.ended || this.#emit(message.slice());
  }

  sendParts(parts: readonly Uint8Array[]): boolean {
    return this.ended || this.#emit(Buffer.concat(parts));
  }

  end(): void {
    this.#finish(GrpcStatus.ok, "");
  }

  fail(code: number, message: string): void {
    this.#finish(code >= 0 && code < statusCount ? code : GrpcStatus.unknown, message);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused || this.ended) return;
    this.#isPaused = false;
    while (!this.#isPaused && this.#waiting.length > 0) this.#deliver(this.#waiting.shift() as Uint8Array);
    if (this.#isPaused) return;
    if (this.#isEndDue) this.#deliverEnd();
    else this.#events.onResume?.();
  }

  /** The deadline has passed. */
  override onExpire(): void {
    if (this.ended) return;
    const listener = this.#cancelListener;
    this.#finish(GrpcStatus.deadlineExceeded, DEADLINE_TEXT);
    listener?.("deadline-exceeded");
  }

  // --- what the caller calls ---

  #receive(message: Uint8Array): void {
    if (this.ended) return;
    const max = this.#context.options.maxReceiveMessageBytes;
    if (message.length > max) {
      const listener = this.#cancelListener;
      const text = `grpc: received message larger than max (${String(message.length)} vs. ${String(max)})`;
      this.#finish(GrpcStatus.resourceExhausted, text);
      listener?.("cancelled");
    } else if (this.#isPaused) this.#waiting.push(message);
    else this.#deliver(message);
  }

  #receiveEnd(): void {
    if (this.ended) return;
    if (this.#isPaused || this.#waiting.length > 0) this.#isEndDue = true;
    else this.#deliverEnd();
  }

  #cancel(): void {
    if (this.ended) return;
    this.#count(GrpcStatus.cancelled);
    this.#cancelListener?.("cancelled");
  }

  #drained(): void {
    if (!this.#isDrainWanted || this.ended) return;
    this.#isDrainWanted = false;
    this.#drainListener?.();
  }

  // --- details ---

  #deliver(message: Uint8Array): void {
    if (this.ended) return;
    const method = this.#method;
    this.#counters.messagesReceived += 1;
    this.#counters.messageBytesReceived += message.length;
    if (method.kind === "unary" || method.kind === "server-stream") {
      // A second message of a call that takes one is nobody's.
      if (this.#isDispatched) return;
      this.#isDispatched = true;
      method.handler(this, message);
    } else this.#messageListener?.(message);
  }

  #deliverEnd(): void {
    if (this.ended) return;
    if (this.#isDispatched) this.#endListener?.();
    else this.fail(GrpcStatus.internal, "no message in a call that takes one");
  }

  #emit(message: Uint8Array): boolean {
    this.#counters.messagesSent += 1;
    this.#counters.messageBytesSent += message.length;
    const hasRoom = this.#events.onMessage(message);
    if (!hasRoom) this.#isDrainWanted = true;
    return hasRoom;
  }

  #finish(code: number, message: string): void {
    if (this.ended) return;
    this.#count(code);
    this.#events.onEnd(code, message);
  }

  #count(code: number): void {
    this.ended = true;
    if (this.wheelTick >= 0) this.#context.wheel.stop(this);
    const ofServer = this.#context.counters;
    ofServer.callsOpen -= 1;
    ofServer.callsByStatus[code]! += 1;
    const counters = this.#counters;
    counters.handledByStatus[code]! += 1;
    const { slowCalls, options } = this.#context;
    if (this.#method.kind === "unary") slowCalls.ended(this, this.#startPulse, code);
    options.onCallEnded?.(this, code);
    if (this.#startedMs >= 0)
      counters.timing?.observe(code, this.#context.nowMs() - this.#startedMs, counters);
  }
}
