/**
 * Every option and limit of a channel, with its unit, its default and what happens at it.
 *
 * The limits protect the process from a server that is not what it should be; none is met by a well-behaved one. A server that breaks
 * one loses the connection (GOAWAY with ENHANCE_YOUR_CALM or the error it made), or the one call fails.
 */
import type { ConnectionOptions } from "node:tls";
import type { ReceiverLimits } from "../http2/frame-receiver.js";

/** Where a server listens. */
export type ServerAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export interface GrpcChannelOptions {
  readonly address: ServerAddress;
  /** What calls say they want to talk to (`:authority`): host and port as the user wrote them. */
  readonly authority: string;
  /** TLS settings: whom to trust, a certificate of one's own, the name to expect; plain sockets without. ALPN is set here. */
  readonly tls?: ConnectionOptions | undefined;
  /** Default `quorate-rpc`. */
  readonly userAgent?: string;
  /** Largest message taken, in bytes; a larger one ends its call with RESOURCE_EXHAUSTED. Default 4 MiB. */
  readonly maxReceiveMessageBytes?: number;
  /** Largest message sent, in bytes; a larger one ends its call with RESOURCE_EXHAUSTED. Default 2^31-1: the server decides. */
  readonly maxSendMessageBytes?: number;
  /** Time until a connection stands, from looking up the name to the server's SETTINGS, in ms. Default 20 s. */
  readonly connectTimeoutMs?: number;
  /** Pause after a connection that did not come about; it doubles with each one in a row. Calls fail at once meanwhile. 100 ms to 2 s. */
  readonly reconnectMinMs?: number;
  readonly reconnectMaxMs?: number;
  /** Silence of a connection with open calls before a ping, in ms. Default 10 s. Doubled when a server says it is too often. */
  readonly keepaliveTimeMs?: number;
  /** Silence after it that costs the connection, in ms. Default 5 s. */
  readonly keepaliveTimeoutMs?: number;
  /** Overrides of single limits. */
  readonly limits?: Partial<ChannelLimits>;
  /** Monotonic clock in milliseconds. Default `performance.now`. */
  readonly nowMs?: () => number;
  /** Told of connections that stand, did not come about, or are lost. Must not throw. */
  readonly onConnection?: (event: ConnectionEvent) => void;
}

/** `lost`: with calls still open, or by a mistake; `closed`: nobody misses it. */
export type ConnectionEvent =
  { readonly kind: "connected" } | { readonly kind: "failed" | "lost" | "closed"; readonly reason: string };

/** The limits of one connection, unless the name says otherwise. See `GrpcLimits` for those shared with the server's end. */
export interface ChannelLimits extends ReceiverLimits {
  /** Decoded list of response fields, in bytes as RFC 9113 section 6.5.2 counts them; announced. A call that passes it fails. */
  readonly headerListBytesMax: number;
  /** Informational responses (1xx) before the one that counts; a call that gets more fails. */
  readonly informationalMax: number;
  /** Calls of a channel that wait for a connection or for the server's MAX_CONCURRENT_STREAMS; more fail with RESOURCE_EXHAUSTED. */
  readonly waitingCallsMax: number;
  /** Calls open at once, whatever the server allows; more wait. */
  readonly openCallsMax: number;
  /** `send` returns false when a call holds this many bytes that could not be sent. */
  readonly streamBufferBytes: number;
  /** Bytes handed to the socket and not yet taken by the kernel, above which DATA and new calls wait. */
  readonly outputHighWaterBytes: number;
  /** Bytes in the socket above which the connection is given up; only answers to control frames get here. */
  readonly outputBytesMax: number;
}

const kib = 1024;
const mib = 1024 * 1024;

/** The defaults of `ChannelLimits`. */
export const defaultChannelLimits: ChannelLimits = {
  headerBlockTimeoutMs: 10_000,
  headerListBytesMax: 64 * kib,
  headerBlockBytesMax: 64 * kib,
  continuationFramesMax: 16,
  informationalMax: 4,
  idleFrameBurstMax: 100_000,
  idleFramesPerSecond: 10_000,
  settingsBurstMax: 16,
  settingsPerSecond: 2,
  settingsEntriesMax: 32,
  connectionWindowBytes: 16 * mib,
  connectionWindowBytesMax: 64 * mib,
  streamWindowBytes: 1 * mib,
  streamWindowBytesMax: 4 * mib,
  waitingCallsMax: 100_000,
  openCallsMax: 100_000,
  streamBufferBytes: 64 * kib,
  outputHighWaterBytes: 1 * mib,
  outputBytesMax: 16 * mib,
};

/** The options with every default filled in. */
export interface ResolvedChannelOptions extends Required<Omit<GrpcChannelOptions, "limits" | "tls">> {
  readonly tls: ConnectionOptions | undefined;
  readonly limits: ChannelLimits;
}

export function resolveChannelOptions(options: GrpcChannelOptions): ResolvedChannelOptions {
  return {
    address: options.address,
    authority: options.authority,
    tls: options.tls,
    userAgent: options.userAgent ?? "quorate-rpc",
    maxReceiveMessageBytes: options.maxReceiveMessageBytes ?? 4 * mib,
    maxSendMessageBytes: options.maxSendMessageBytes ?? 0x7fff_ffff,
    connectTimeoutMs: options.connectTimeoutMs ?? 20_000,
    reconnectMinMs: options.reconnectMinMs ?? 100,
    reconnectMaxMs: options.reconnectMaxMs ?? 2_000,
    keepaliveTimeMs: options.keepaliveTimeMs ?? 10_000,
    keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 5_000,
    limits: { ...defaultChannelLimits, ...options.limits },
    nowMs: options.nowMs ?? (() => performance.now()),
    onConnection: options.onConnection ?? (() => undefined),
  };
}
