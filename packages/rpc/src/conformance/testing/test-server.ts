/** The server under test on a loopback port, with one method of each kind. */
import { listenClientPort } from "../../client-port.js";
import type { ClientPortOptions } from "../../client-port.js";
import type { Method as ServiceMethod, SendingCall } from "../../grpc-call.js";
import type { GrpcServerOptions } from "../../options.js";
import { GrpcServer } from "../../server.js";
import { GrpcStatus } from "../../status.js";
import { u32 } from "./frames.js";
import { Method, SERVICE } from "./requests.js";
import type { MethodName } from "./requests.js";

export interface TestServer {
  readonly grpc: GrpcServer;
  readonly port: number;
  close(): Promise<void>;
}

/** The longest message of `Produce`: mutated requests ask for gigabytes. */
const PRODUCED_BYTES_MAX = 1024 * 1024;

/** Pings are the rows' way to know that the server has read everything, so none of them may count as abuse. */
export const PINGS_ALLOWED: GrpcServerOptions = {
  keepaliveMinPingIntervalMs: 0,
  keepalivePermitWithoutStream: true,
};

export async function startTestServer(
  options: GrpcServerOptions = PINGS_ALLOWED,
  port: ClientPortOptions = {},
): Promise<TestServer> {
  const grpc = new GrpcServer(options);
  grpc.addService(SERVICE, methods());
  const listening = await listenClientPort(grpc, { host: "127.0.0.1", port: 0, ...port });
  return {
    grpc,
    port: listening.port,
    close: async () => {
      grpc.close();
      await listening.close();
    },
  };
}

function methods(): Record<MethodName, ServiceMethod> {
  return {
    [Method.echo]: { kind: "unary", handler: (call, message) => call.reply(message) },
    [Method.hold]: { kind: "unary", handler: () => undefined },
    [Method.large]: {
      kind: "unary",
      handler: (call, message) => {
        const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
        if (message.length < 4) return call.fail(GrpcStatus.invalidArgument, "a number is wanted");
        const bytes = Math.min(view.getUint32(0), PRODUCED_BYTES_MAX);
        setImmediate(() => {
          if (call.congested) call.fail(GrpcStatus.resourceExhausted, "congested");
          else call.replyParts([Buffer.alloc(bytes, 0x78)]);
        });
      },
    },
    [Method.produce]: {
      kind: "server-stream",
      handler: (call, message) => {
        const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
        if (message.length < 8) return call.fail(GrpcStatus.invalidArgument, "two numbers are wanted");
        const bytes = Math.min(view.getUint32(4), PRODUCED_BYTES_MAX);
        produce(call, view.getUint32(0), Buffer.alloc(bytes, 0x78));
      },
    },
    [Method.collect]: {
      kind: "client-stream",
      handler: (call) => {
        let count = 0;
        let bytes = 0;
        call.onMessage((message) => {
          count++;
          bytes += message.length;
        });
        call.onEnd(() => call.reply(u32(count, bytes)));
      },
    },
    [Method.chat]: {
      kind: "bidi",
      handler: (call) => {
        call.onMessage((message) => {
          if (!call.send(Buffer.from(message))) call.pause();
        });
        call.onDrain(() => call.resume());
        call.onEnd(() => call.end());
      },
    },
    [Method.ignore]: { kind: "bidi", handler: (call) => call.pause() },
  };
}

/** Sends `count` messages at the peer's pace. */
function produce(call: SendingCall, count: number, message: Uint8Array): void {
  let left = count;
  const more = (): void => {
    while (left > 0 && !call.ended) {
      left--;
      if (!call.send(message)) return;
    }
    if (!call.ended) call.end();
  };
  call.onDrain(more);
  more();
}
