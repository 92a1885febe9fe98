/** The client in a browser. */
import { connectClient, requireOptions, type Client, type ClientOptions } from "../client.js";
import { createWebTransport, type WebTransportOptions } from "./web-transport.js";

/** Of a client in a browser. */
export interface CreateWebClientOptions extends ClientOptions, WebTransportOptions {}

/**
 * A client of a cluster, from a page: the same as on Node, over gRPC-Web. Snapshots are not checked against their digest: browsers have no
 * SHA-256 that takes pieces.
 * @throws TypeError for endpoints that are none.
 */
export function createClient(options: CreateWebClientOptions): Client {
  requireOptions(options);
  return connectClient(options, { transport: createWebTransport(options) });
}
