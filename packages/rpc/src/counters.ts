import type { Method } from "./grpc-call.js";
import { statusCount } from "./status.js";

/** What one server has done since it was built; plain numbers, read at any time. */
export interface ServerCounters {
  /** HTTP/2 connections open now and since the start. */
  connectionsOpen: number;
  connectionsTotal: number;
  /** Connections closed at once because of `connectionsMax`. */
  connectionsRefused: number;
  /** Connections handed over to HTTP/1. */
  connectionsHttp1: number;
  /** Connections closed for breaking the protocol or a limit. */
  connectionErrors: number;
  /** Calls open now and since the start, those refused before dispatch included. */
  callsOpen: number;
  callsTotal: number;
  /** Bytes read from and written to sockets after the hand-over decision. */
  bytesReceived: number;
  bytesSent: number;
  /** Bytes of responses that wait now for their peers to take them. */
  responseBytesQueued: number;
  /** Ended calls by status code; the index is the code. Calls the peer cancelled count as `cancelled`. */
  readonly callsByStatus: number[];
}

/** Counters of one registered method. */
export interface MethodCounters {
  readonly service: string;
  readonly method: string;
  readonly kind: Method["kind"];
  /** Calls dispatched, and calls ended by status code. */
  started: number;
  readonly handledByStatus: number[];
  messagesReceived: number;
  messagesSent: number;
  /** Bytes of these messages, without their framing and before compression. */
  messageBytesReceived: number;
  messageBytesSent: number;
  /** Who hears how long calls take; nobody without `GrpcServerOptions.createTiming`. */
  readonly timing: CallTiming | undefined;
}

/** Takes the durations of the calls of one method. */
export interface CallTiming {
  /** Only each so-manieth call is timed, since a look at the clock costs as much as a small call's bookkeeping. */
  readonly every: number;
  /**
   * @param status gRPC code of the end
   * @param ms from the request's header block to the end of the call
   * @param counters of the method, in which this call is counted already
   */
  observe(status: number, ms: number, counters: MethodCounters): void;
}

export type CreateTiming = (service: string, method: string, kind: Method["kind"]) => CallTiming | undefined;

export function createServerCounters(): ServerCounters {
  return {
    connectionsOpen: 0,
    connectionsTotal: 0,
    connectionsRefused: 0,
    connectionsHttp1: 0,
    connectionErrors: 0,
    callsOpen: 0,
    callsTotal: 0,
    bytesReceived: 0,
    bytesSent: 0,
    responseBytesQueued: 0,
    callsByStatus: new Array<number>(statusCount).fill(0),
  };
}

export interface CountedMethod {
  readonly service: string;
  readonly method: string;
  readonly kind: Method["kind"];
}

export function createMethodCounters(
  { service, method, kind }: CountedMethod,
  timing: CallTiming | undefined,
): MethodCounters {
  return {
    service,
    method,
    kind,
    started: 0,
    handledByStatus: new Array<number>(statusCount).fill(0),
    messagesReceived: 0,
    messagesSent: 0,
    messageBytesReceived: 0,
    messageBytesSent: 0,
    timing,
  };
}
