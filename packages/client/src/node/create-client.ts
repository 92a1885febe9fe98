/** The client on Node: gRPC, and Node's SHA-256. */
import { setMaxListeners } from "node:events";
import { connectClient, type Client, type ClientOptions } from "../client.js";
import { createGrpcTransport, type GrpcTransportOptions } from "./grpc-transport.js";
import { createSha256 } from "./sha256.js";

/** Of a client on Node. */
export interface CreateClientOptions extends ClientOptions, GrpcTransportOptions {}

/**
 * A client of a cluster. Connects when it is first used, and keeps connected: members may come and go.
 * @throws TypeError for endpoints that are none; an error of the file system for certificates that can't be read.
 */
export function createClient(options: CreateClientOptions): Client {
  const ports = { transport: createGrpcTransport(options), createDigest: createSha256 };
  const client = connectClient(options, ports);
  // Every call under way listens for the end of the client, which Node would take for a leak.
  setMaxListeners(0, client.calls.closed);
  return client;
}
