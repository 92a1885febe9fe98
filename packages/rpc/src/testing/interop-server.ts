import * as grpc from "@grpc/grpc-js";
import { createGrpcServer, GrpcStatus, listenClientPort } from "../index.js";
import type { BidiCall, CancelListener, ClientPort, ClientPortOptions, GrpcServer } from "../index.js";
import type { GrpcServerOptions, Method } from "../index.js";

/** A server of ours under test and what its handlers have seen. */
export interface InteropServer {
  readonly server: GrpcServer;
  readonly port: ClientPort;
  /** `host:port` for clients. */
  readonly address: string;
  readonly cancelled: Parameters<CancelListener>[0][];
  /** Bidirectional calls of `Hold`, in the order they came. */
  readonly held: BidiCall[];
  close(): Promise<void>;
}

export interface InteropOptions {
  readonly server?: GrpcServerOptions;
  readonly port?: ClientPortOptions;
  /** Further methods of `test.Echo`. */
  readonly methods?: Readonly<Record<string, Method>>;
}

/** Starts a server with the service `test.Echo` on a free port of the loopback. */
export async function startInteropServer(options: InteropOptions = {}): Promise<InteropServer> {
  const server = createGrpcServer(options.server);
  const cancelled: Parameters<CancelListener>[0][] = [];
  const held: BidiCall[] = [];
  server.addService("test.Echo", {
    /** Answers with the request. */
    Unary: {
      kind: "unary",
      handler: (call, message) => {
        call.reply(message);
      },
    },
    /** Answers later, with the request; a copy, since the message is a view. */
    Later: {
      kind: "unary",
      handler: (call, message) => {
        const copy = message.slice();
        setTimeout(() => {
          call.reply(copy);
        }, 5);
      },
    },
    /** Never answers. */
    Never: {
      kind: "unary",
      handler: (call) => {
        call.onCancel((reason) => cancelled.push(reason));
      },
    },
    /** Fails with the code in the first byte and the text in the rest. */
    Fail: {
      kind: "unary",
      handler: (call, message) => {
        call.fail(message[0] ?? 0, Buffer.from(message.subarray(1)).toString("utf8"));
      },
    },
    /** Gives request metadata back as headers and trailers. */
    Metadata: {
      kind: "unary",
      handler: (call, message) => {
        for (const value of call.metadata.getAll("x-text")) call.setHeader("x-text", value);
        const bytes = call.metadata.getBytes("x-data-bin");
        if (bytes !== undefined) call.setTrailer("x-data-bin", bytes);
        call.setTrailer("x-trailing", "yes");
        call.reply(message);
      },
    },
    /** As many bytes as the request says, in parts. */
    Large: {
      kind: "unary",
      handler: (call, message) => {
        const total = Buffer.from(message).readUInt32BE(0);
        const part = Buffer.alloc(100_000, 0x61);
        const parts: Uint8Array[] = [];
        for (let left = total; left > 0; left -= part.length)
          parts.push(part.subarray(0, Math.min(left, part.length)));
        call.replyParts(parts);
      },
    },
    /** Sends as many messages as the request says, of 1000 bytes each, as fast as the client takes them. */
    Count: {
      kind: "server-stream",
      handler: (call, message) => {
        const total = Buffer.from(message).readUInt32BE(0);
        let sent = 0;
        const run = (): void => {
          while (sent < total) {
            const body = Buffer.alloc(1000);
            body.writeUInt32BE(sent++, 0);
            if (!call.send(body)) return;
          }
          call.end();
        };
        call.onDrain(run);
        run();
      },
    },
    /** Sends three messages, then fails. */
    CountAndFail: {
      kind: "server-stream",
      handler: (call) => {
        for (let i = 0; i < 3; i++) call.send(Uint8Array.of(i));
        call.fail(GrpcStatus.aborted, "enough");
      },
    },
    /** Answers with the number of messages and of bytes. */
    Sum: {
      kind: "client-stream",
      handler: (call) => {
        let count = 0;
        let bytes = 0;
        call.onMessage((message) => {
          count++;
          bytes += message.length;
        });
        call.onEnd(() => {
          const answer = Buffer.alloc(8);
          answer.writeUInt32BE(count, 0);
          answer.writeUInt32BE(bytes, 4);
          call.reply(answer);
        });
      },
    },
    /** Echoes each message. */
    Bidi: {
      kind: "bidi",
      handler: (call) => {
        call.onCancel((reason) => cancelled.push(reason));
        call.onMessage((message) => {
          call.send(message);
        });
        call.onEnd(() => {
          call.end();
        });
      },
    },
    /** Leaves everything to the test. */
    Hold: {
      kind: "bidi",
      handler: (call) => {
        call.onCancel((reason) => cancelled.push(reason));
        held.push(call);
      },
    },
    ...options.methods,
  });
  const port = await listenClientPort(server, { host: "127.0.0.1", ...options.port });
  return {
    server,
    port,
    address: `127.0.0.1:${port.port}`,
    cancelled,
    held,
    close: async () => {
      server.close();
      await port.close();
    },
  };
}

/** Raw bytes both ways. */
export const pass = (bytes: Buffer): Buffer => bytes;

export function connectClient(address: string, options: grpc.ClientOptions = {}): grpc.Client {
  return new grpc.Client(address, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    ...options,
  });
}

export interface UnaryOutcome {
  readonly error: grpc.ServiceError | null;
  readonly response: Buffer | undefined;
  readonly headers: grpc.Metadata | undefined;
  readonly status: grpc.StatusObject;
}

export interface UnaryRequest {
  readonly method: string;
  readonly body: Uint8Array;
  readonly metadata?: grpc.Metadata;
  readonly options?: grpc.CallOptions;
}

/** One unary call; resolves with its outcome, an error included. */
export async function callUnary(client: grpc.Client, request: UnaryRequest): Promise<UnaryOutcome> {
  return await new Promise((resolve) => {
    let headers: grpc.Metadata | undefined;
    let status: grpc.StatusObject | undefined;
    let settled: { error: grpc.ServiceError | null; response: Buffer | undefined } | undefined;
    const finish = (): void => {
      if (status !== undefined && settled !== undefined) resolve({ ...settled, headers, status });
    };
    const call = client.makeUnaryRequest(
      request.method.startsWith("/") ? request.method : `/test.Echo/${request.method}`,
      pass,
      pass,
      Buffer.from(request.body),
      request.metadata ?? new grpc.Metadata(),
      request.options ?? {},
      (error, response) => {
        settled = { error, response };
        finish();
      },
    );
    call.on("metadata", (received) => (headers = received));
    call.on("status", (received) => {
      status = received;
      finish();
    });
  });
}

/** A request body that is one 32-bit number. */
export function uint32(value: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32BE(value, 0);
  return body;
}

/** Polls until `condition` holds; the test's own time limit ends it otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
