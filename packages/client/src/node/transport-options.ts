/** What the transports on Node are told, whichever speaks. */
import type { Logger } from "../logger.js";

/** Certificates as PEM, or paths of files that hold them. */
export interface TlsOptions {
  /** Who may have signed the servers' certificates; default: the system's list. */
  readonly ca?: string | Uint8Array;
  /** The client's own certificate and key, for servers that ask for one. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that servers' certificates must have, instead of the endpoint's host. */
  readonly serverName?: string;
}

/** How connections are made. */
export interface GrpcTransportOptions {
  readonly tls?: TlsOptions | undefined;
  /** Largest message taken from a server; default 2 GiB - 1: a range has no limit at the server either. */
  readonly receiveBytesMax?: number;
  /** Milliseconds between pings of a connection that is used, and for their answers. Default 10 s and 5 s. */
  readonly keepaliveMs?: number;
  readonly keepaliveTimeoutMs?: number;
  /** Told of connections. Default: nobody. */
  readonly logger?: Logger | undefined;
}

export const RECEIVE_BYTES_MAX: number = 2 ** 31 - 1;
export const KEEPALIVE_MS = 10_000;
export const KEEPALIVE_TIMEOUT_MS = 5_000;
/** A connection that takes longer is given up by the calls that wait for it, so that they may go elsewhere. */
export const CONNECT_MAX_MS = 3_000;
export const RECONNECT_MIN_MS = 100;
export const RECONNECT_MAX_MS = 2_000;
