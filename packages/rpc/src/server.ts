import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { MethodCounters, ServerCounters } from "./counters.js";
import { createServerCounters } from "./counters.js";
import type { Method } from "./grpc-call.js";
import type { GrpcServerOptions } from "./options.js";

/** Takes over a connection that does not speak HTTP/2; its first bytes have been put back into the socket. */
export type Http1Listener = (socket: Socket | TLSSocket) => void;

/** A gRPC server without a listening socket: it is handed connections. */
export class GrpcServer {
  readonly counters: ServerCounters = createServerCounters();

  constructor(_options: GrpcServerOptions = {}) {}

  addService(_serviceName: string, _methods: Readonly<Record<string, Method>>): void {}

  handleSocket(socket: Socket | TLSSocket, _onHttp1?: Http1Listener): void {
    socket.destroy();
  }

  methodCounters(): readonly MethodCounters[] {
    return [];
  }

  async drain(_graceMs: number): Promise<void> {}

  close(): void {}
}

export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  return new GrpcServer(options);
}
