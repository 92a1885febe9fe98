/**
 * What a gRPC method sees of one call. Messages are bytes in both directions: this package knows no schema.
 *
 * Ordering: all callbacks run on the event loop, never inside one another. What a handler throws is our own bug: nobody
 * catches it. A message handed to a handler is a view into
 * the socket's read buffer and is valid only until the handler returns: whoever keeps it copies it.
 */
import type { Metadata } from "./metadata.js";

/** Callbacks of a call that has ended for the peer's or the deadline's sake; runs at most once. */
export type CancelListener = (reason: "cancelled" | "deadline-exceeded" | "connection-lost") => void;

export interface CallBase {
  /** Full method path, for example `/etcdserverpb.KV/Put`. */
  readonly path: string;
  /** Request metadata, decoded on first use. */
  readonly metadata: Metadata;
  /** Absolute deadline in milliseconds of the server's monotonic clock, or undefined without `grpc-timeout`. */
  readonly deadlineMs: number | undefined;
  /** Remote address as `host:port`, IPv6 in brackets; empty for a unix socket. */
  readonly peer: string;
  /** Subject common name of the client certificate, when there is one and it was verified. */
  readonly peerCommonName: string | undefined;
  /** The `:authority` that the client asked for; empty without one. */
  readonly authority: string;
  /** True once the call has ended in any way; replies to it are then ignored. */
  readonly ended: boolean;
  /**
   * True while the peer leaves too much unread: its connection is above `queuedBytesMax`, or the server above
   * `serverQueuedBytesMax` and the connection above its share. A large response would be refused: do not make it.
   */
  readonly congested: boolean;
  /** At most one listener; set synchronously in the handler. Not called for calls that ended with a reply or failure. */
  onCancel(listener: CancelListener): void;
  /** Metadata sent with the response headers; only before the first message. */
  setHeader(name: string, value: string | Uint8Array): void;
  /** Metadata sent with the trailers. */
  setTrailer(name: string, value: string | Uint8Array): void;
  /** Ends the call with a non-OK status (a trailers-only response when nothing was sent yet). */
  fail(code: number, message: string): void;
}

/** A response that would leave too much unread by the peer ends its call with RESOURCE_EXHAUSTED; see `congested`. */
export interface UnaryCall extends CallBase {
  /** Ends the call with one message, the bytes [start, end) of `message`, copied before the method returns. */
  reply(message: Uint8Array, start?: number, end?: number): void;
  /** Ends the call with one message that is the concatenation of `parts`, which are kept by reference until they are sent. */
  replyParts(parts: readonly Uint8Array[]): void;
}

/** A call that sends several messages: server streaming and bidirectional. */
export interface SendingCall extends CallBase {
  /**
   * Sends one message (copied when small, kept by reference above a threshold, so never modified afterwards).
   * @returns false when the stream's or the connection's window or buffer is full: stop until `onDrain`.
   */
  send(message: Uint8Array): boolean;
  /** As `send`, for a message that is the concatenation of `parts`. */
  sendParts(parts: readonly Uint8Array[]): boolean;
  /** Bytes accepted by `send` and not yet handed to the socket. */
  readonly bufferedBytes: number;
  /** Called each time the buffer has drained after a `send` that returned false. */
  onDrain(listener: () => void): void;
  /** Ends the call with status OK after what was sent. */
  end(): void;
}

/** A call that receives several messages: client streaming and bidirectional. */
export interface ReceivingCall extends CallBase {
  /** Set synchronously in the handler. Each call gets one whole message. */
  onMessage(listener: (message: Uint8Array) => void): void;
  /** The peer has half-closed: no message follows. */
  onEnd(listener: () => void): void;
  /** Stops deliveries; the stream's flow-control window then holds the peer back. */
  pause(): void;
  resume(): void;
}

export interface ServerStreamCall extends SendingCall {}
export interface ClientStreamCall extends ReceivingCall, UnaryCall {}
export interface BidiCall extends SendingCall, ReceivingCall {}

export type UnaryHandler = (call: UnaryCall, message: Uint8Array) => void;
export type ServerStreamHandler = (call: ServerStreamCall, message: Uint8Array) => void;
export type ClientStreamHandler = (call: ClientStreamCall) => void;
export type BidiHandler = (call: BidiCall) => void;

/** One method of a service. */
export type Method =
  | { readonly kind: "unary"; readonly handler: UnaryHandler }
  | { readonly kind: "server-stream"; readonly handler: ServerStreamHandler }
  | { readonly kind: "client-stream"; readonly handler: ClientStreamHandler }
  | { readonly kind: "bidi"; readonly handler: BidiHandler };
