/** The client's half: gRPC calls over HTTP/2 connections of our own, without a schema. The door `@quorate/rpc/client`. */
export { GrpcChannel } from "./client/channel.js";
export type { CallEvents, CallRequest } from "./client/client-call.js";
export { ClientCall } from "./client/client-call.js";
export type { ChannelLimits, ConnectionEvent, GrpcChannelOptions, ServerAddress } from "./client/options.js";
export { defaultChannelLimits } from "./client/options.js";
export type { RequestMetadata } from "./client/request-blocks.js";
export type { CallEnd } from "./client/response-fields.js";
export type { UnaryListener } from "./client/unary-events.js";
export type { Metadata } from "./metadata.js";
export { GrpcStatus } from "./status.js";
