import type { CreateTiming } from "./counters.js";
import type { CallBase } from "./grpc-call.js";
import type { SlowCallOptions } from "./slow-calls.js";

/**
 * Every option and limit of the server, with its unit, its default and what happens at it.
 *
 * Limits protect the process from one peer; none of them is met by a well-behaved client. A peer that breaks one is
 * either refused the single call (REFUSED_STREAM, RESOURCE_EXHAUSTED) or disconnected with GOAWAY ENHANCE_YOUR_CALM.
 */
export interface GrpcServerOptions {
  /** Largest request message in bytes, before and after decompression; larger ones fail with RESOURCE_EXHAUSTED. */
  readonly maxReceiveMessageBytes?: number;
  /** Largest response message in bytes; larger ones fail the call with RESOURCE_EXHAUSTED. */
  readonly maxSendMessageBytes?: number;
  /** SETTINGS_MAX_CONCURRENT_STREAMS; the peer queues calls beyond it. 4294967295 (the default) is not announced. */
  readonly maxConcurrentStreams?: number;
  /** True compresses response messages with gzip for clients that accept it. Default false. */
  readonly compressResponses?: boolean;
  /** Time between keepalive pings on a silent connection, in ms. Default 2 h. */
  readonly keepaliveTimeMs?: number;
  /** A connection that stays silent this long after a keepalive ping is closed, in ms. Default 20 s. */
  readonly keepaliveTimeoutMs?: number;
  /** Shortest allowed time between a client's pings, in ms; three faster ones cost the connection. Default 5 s. */
  readonly keepaliveMinPingIntervalMs?: number;
  /** False (the default) treats pings on a connection without calls as if the shortest interval were 2 h. */
  readonly keepalivePermitWithoutStream?: boolean;
  /** Connections open at once on this server, HTTP/1 ones not counted; more are closed at once. Default: no limit. */
  readonly connectionsMax?: number;
  /** Called once per method: who hears how long its calls take. Default: nobody, and no clock is read. */
  readonly createTiming?: CreateTiming;
  /** Who hears of unary calls that take long. Default: nobody. */
  readonly slowCalls?: SlowCallOptions | undefined;
  /** Called once for each dispatched call when it has ended in any way, whoever ended it. Default: nobody hears of it. */
  readonly onCallEnded?: ((call: CallBase, status: number) => void) | undefined;
  /** Overrides of single protective limits. */
  readonly limits?: Partial<GrpcLimits>;
  /** Monotonic clock in milliseconds; deadlines are told in it. Default `performance.now`. */
  readonly nowMs?: () => number;
}

/** The protective limits. All are per connection unless the name says otherwise. */
export interface GrpcLimits {
  /** Time from accept to the first SETTINGS frame of the peer (or to the first bytes of HTTP/1), in ms. */
  readonly prefaceTimeoutMs: number;
  /** Time that all connections without a call so far take, together, before others are looked at again, in ms. Of the server. */
  readonly newcomersMs: number;
  /** Time from a HEADERS frame to the end of its header block, in ms. */
  readonly headerBlockTimeoutMs: number;
  /** Time the peer may take to acknowledge our SETTINGS, in ms. */
  readonly settingsAckTimeoutMs: number;
  /** Decoded header list, in bytes as RFC 9113 section 6.5.2 counts them (name + value + 32 each); announced. */
  readonly headerListBytesMax: number;
  /** Encoded header block over HEADERS and all its CONTINUATION frames, in bytes. */
  readonly headerBlockBytesMax: number;
  /** CONTINUATION frames of one header block. */
  readonly continuationFramesMax: number;
  /** Calls open at once on one connection; more are refused with REFUSED_STREAM, which clients may retry. */
  readonly openCallsMax: number;
  /**
   * Resets in stock: each reset of a call without an answer costs one, each call that ends normally gives one back,
   * and `resetsPerSecond` come back with time. Against rapid reset, by the peer or provoked from us. The stock is for the calls that a
   * busy client has under way when their time is up together, as in an election.
   */
  readonly resetBurstMax: number;
  readonly resetsPerSecond: number;
  /**
   * Frames that carry nothing, in stock: empty DATA, PRIORITY, unknown types and WINDOW_UPDATEs cost one, requests and
   * our own DATA frames give some back, and `idleFramesPerSecond` come back with time.
   */
  readonly idleFrameBurstMax: number;
  readonly idleFramesPerSecond: number;
  /** SETTINGS frames in stock, and how many come back in a second. */
  readonly settingsBurstMax: number;
  readonly settingsPerSecond: number;
  /** Parameters in one SETTINGS frame. */
  readonly settingsEntriesMax: number;
  /** Bytes of unfinished or not yet delivered request messages; the call that passes it fails RESOURCE_EXHAUSTED. */
  readonly inboxBytesMax: number;
  /** Bytes handed to the socket and not yet taken by the kernel, above which DATA waits and reading stops. */
  readonly outputHighWaterBytes: number;
  /** Bytes in the socket above which the peer is disconnected; only replies to control frames get here. */
  readonly outputBytesMax: number;
  /**
   * Bytes of responses that wait for the peer to take them; new calls are refused with REFUSED_STREAM above it, and a
   * unary response that would pass it fails with RESOURCE_EXHAUSTED, unless nothing else waits on its connection.
   */
  readonly queuedBytesMax: number;
  /**
   * The same, of all connections together. A response that would pass it is refused as above; one that has its connection
   * to itself may pass it, but none is kept once it is passed, beyond `queuedBytesShare` for each connection.
   */
  readonly serverQueuedBytesMax: number;
  /** What may wait on each connection whatever waits on others: their small responses go on. */
  readonly queuedBytesShare: number;
  /** `send` returns false when a stream holds this many bytes that could not be sent. */
  readonly streamBufferBytes: number;
  /** A connection that took no byte for this long while `stallBytesMin` wait for it is closed, in ms. */
  readonly stallTimeoutMs: number;
  readonly stallBytesMin: number;
  /** Receive window a connection starts with and the most it grows to, in bytes. */
  readonly connectionWindowBytes: number;
  readonly connectionWindowBytesMax: number;
  /** Receive window a stream starts with (announced) and the most it grows to, in bytes. */
  readonly streamWindowBytes: number;
  readonly streamWindowBytesMax: number;
  /** Decompressions and compressions running at once in the thread pool, per server; others wait in order. */
  readonly zlibJobsMax: number;
}

const kib = 1024;
const mib = 1024 * 1024;

/** The defaults of `GrpcLimits`. */
export const defaultLimits: GrpcLimits = {
  prefaceTimeoutMs: 30_000,
  newcomersMs: 0.5,
  headerBlockTimeoutMs: 10_000,
  settingsAckTimeoutMs: 60_000,
  headerListBytesMax: 64 * kib,
  headerBlockBytesMax: 64 * kib,
  continuationFramesMax: 16,
  openCallsMax: 100_000,
  resetBurstMax: 5_000,
  resetsPerSecond: 200,
  idleFrameBurstMax: 10_000,
  idleFramesPerSecond: 1_000,
  settingsBurstMax: 16,
  settingsPerSecond: 2,
  settingsEntriesMax: 32,
  inboxBytesMax: 128 * mib,
  outputHighWaterBytes: 1 * mib,
  outputBytesMax: 16 * mib,
  queuedBytesMax: 256 * mib,
  serverQueuedBytesMax: 1024 * mib,
  queuedBytesShare: 256 * kib,
  streamBufferBytes: 64 * kib,
  stallTimeoutMs: 60_000,
  stallBytesMin: 1 * mib,
  connectionWindowBytes: 1 * mib,
  connectionWindowBytesMax: 16 * mib,
  streamWindowBytes: 64 * kib,
  streamWindowBytesMax: 4 * mib,
  zlibJobsMax: 2,
};

/** The options with every default filled in. */
export interface ResolvedOptions extends Required<Omit<GrpcServerOptions, "limits">> {
  readonly limits: GrpcLimits;
}

export function resolveOptions(options: GrpcServerOptions): ResolvedOptions {
  return {
    maxReceiveMessageBytes: options.maxReceiveMessageBytes ?? 4 * mib,
    maxSendMessageBytes: options.maxSendMessageBytes ?? 0x7fff_ffff,
    maxConcurrentStreams: options.maxConcurrentStreams ?? 0xffff_ffff,
    compressResponses: options.compressResponses ?? false,
    keepaliveTimeMs: options.keepaliveTimeMs ?? 2 * 3_600_000,
    keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 20_000,
    keepaliveMinPingIntervalMs: options.keepaliveMinPingIntervalMs ?? 5_000,
    keepalivePermitWithoutStream: options.keepalivePermitWithoutStream ?? false,
    connectionsMax: options.connectionsMax ?? Number.POSITIVE_INFINITY,
    createTiming: options.createTiming ?? (() => undefined),
    slowCalls: options.slowCalls,
    onCallEnded: options.onCallEnded,
    limits: { ...defaultLimits, ...options.limits },
    nowMs: options.nowMs ?? (() => performance.now()),
  };
}
