/** The client on Node: gRPC, and Node's SHA-256. */
import { setMaxListeners } from "node:events";
import { connectClient, requireOptions, type Client, type ClientOptions } from "../client.js";
import type { Transport } from "../transport.js";
import { createGrpcTransport } from "./grpc-transport.js";
import { createSha256 } from "./sha256.js";
import { createSocketTransport } from "./socket-transport.js";
import type { GrpcTransportOptions } from "./transport-options.js";

/** Of a client on Node. */
export interface CreateClientOptions extends ClientOptions, Omit<GrpcTransportOptions, "logger"> {
  /**
   * Who speaks HTTP/2: `grpc-js` is the library of the gRPC project, `sockets` this project's own code, which takes a fraction of the
   * processor time. They behave alike. Default `grpc-js`.
   */
  readonly transport?: TransportName;
}

/** The transports that come with the client. */
export type TransportName = "grpc-js" | "sockets";

const TRANSPORTS: Readonly<Record<TransportName, (options: GrpcTransportOptions) => Transport>> = {
  "grpc-js": createGrpcTransport,
  sockets: createSocketTransport,
};

/**
 * A client of a cluster. Connects when it is first used, and keeps connected: members may come and go.
 * @throws TypeError for endpoints or a transport that are none; the same, or an error of the file system, for certificates
 * that can't be read.
 */
export function createClient(options: CreateClientOptions): Client {
  requireOptions(options);
  const { transport = "grpc-js" } = options;
  if (!Object.hasOwn(TRANSPORTS, transport)) throw new TypeError(`"${String(transport)}" is no transport`);
  const ports = { transport: TRANSPORTS[transport](options), createDigest: createSha256 };
  const client = connectClient(options, ports);
  // Every call under way listens for the end of the client, which Node would take for a leak.
  setMaxListeners(0, client.calls.closed);
  return client;
}
