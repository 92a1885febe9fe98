/** A gRPC server on raw sockets: HTTP/2 (RFC 9113) and gRPC framing, one thread, no schema. */
export type { CallTiming, CreateTiming, MethodCounters, ServerCounters } from "./counters.js";
export type { ClientPort, ClientPortOptions } from "./client-port.js";
export { listenClientPort } from "./client-port.js";
export type {
  BidiCall,
  BidiHandler,
  CallBase,
  CancelListener,
  ClientStreamCall,
  ClientStreamHandler,
  Method,
  ReceivingCall,
  SendingCall,
  ServerStreamCall,
  ServerStreamHandler,
  UnaryCall,
  UnaryHandler,
} from "./grpc-call.js";
export type { MessageSink } from "./grpc/message-assembler.js";
export { MessageAssembler, messagePrefix } from "./grpc/message-assembler.js";
export { percentEncode } from "./grpc/percent-encoding.js";
export type { LocalCaller, LocalCallEvents, LocalCallOptions } from "./local-call.js";
export type { Metadata } from "./metadata.js";
export type { GrpcLimits, GrpcServerOptions } from "./options.js";
export { defaultLimits } from "./options.js";
export type { Http1Listener } from "./server.js";
export { createGrpcServer, GrpcServer } from "./server.js";
export type { SlowCallListener, SlowCallOptions } from "./slow-calls.js";
export { GrpcStatus } from "./status.js";
