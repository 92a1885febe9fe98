/** The TypeScript SDK for Quorate and etcd, on Node. */
export * from "./portable.js";

// The client and its transports
export { createClient } from "./node/create-client.js";
export type { CreateClientOptions, TransportName } from "./node/create-client.js";
export { createGrpcTransport } from "./node/grpc-transport.js";
export { createSocketTransport } from "./node/socket-transport.js";
export type { GrpcTransportOptions, TlsOptions } from "./node/transport-options.js";
