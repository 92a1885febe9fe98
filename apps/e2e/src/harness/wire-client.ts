/**
 * A gRPC client that hands bytes through as they are: the stack is grpc-js, the messages are ours to build, right or
 * wrong. Nothing is retried.
 */
import { Client, Metadata, credentials } from "@grpc/grpc-js";
import type { ClientDuplexStream, ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { create, fromBinary, toBinary } from "@quorate/proto";
import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from "@quorate/proto";

export type BytesOutcome =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly code: number; readonly text: string };

export type Outcome<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly code: number; readonly text: string };

/** A unary or streaming method with its schemas, as generated: `etcdserverpb.KV.method.put`. */
export type MethodOf<I extends DescMessage, O extends DescMessage> = DescMethod & {
  readonly input: I;
  readonly output: O;
};

const DEADLINE_MS = 30_000;

export class WireClient {
  readonly #client: Client;
  readonly #metadata: Metadata = new Metadata();

  /** @param endpoint `host:port` without TLS. @param metadata sent with each call */
  constructor(endpoint: string, metadata: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(metadata)) this.#metadata.set(name, value);
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.enable_retries": 0,
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 200,
      // Each client has a connection of its own, so that one can be starved without the others.
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  /** One unary call; every way it can end is a value. */
  callBytes(path: string, request: Uint8Array, deadlineMs: number = DEADLINE_MS): Promise<BytesOutcome> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        path,
        passBuffer,
        passBuffer,
        asBuffer(request),
        this.#metadata,
        { deadline: Date.now() + deadlineMs },
        (error: ServiceError | null, response?: Buffer) => {
          if (error !== null) resolve({ ok: false, code: error.code, text: error.details });
          else resolve({ ok: true, bytes: response ?? Buffer.alloc(0) });
        },
      );
    });
  }

  /** One unary call with messages. */
  async call<I extends DescMessage, O extends DescMessage>(
    method: MethodOf<I, O>,
    request: MessageInitShape<I>,
    deadlineMs?: number,
  ): Promise<Outcome<MessageShape<O>>> {
    const bytes = toBinary(method.input, create(method.input, request));
    const outcome = await this.callBytes(pathOf(method), bytes, deadlineMs);
    return outcome.ok ? { ok: true, message: fromBinary(method.output, outcome.bytes) } : outcome;
  }

  /** As `call`, for a step of a test that has to work. */
  async demand<I extends DescMessage, O extends DescMessage>(
    method: MethodOf<I, O>,
    request: MessageInitShape<I>,
    deadlineMs?: number,
  ): Promise<MessageShape<O>> {
    const outcome = await this.call(method, request, deadlineMs);
    if (!outcome.ok) throw new Error(`${pathOf(method)}: ${outcome.code} ${outcome.text}`);
    return outcome.message;
  }

  openServerStream(
    path: string,
    request: Uint8Array,
    deadlineMs: number = DEADLINE_MS,
  ): ClientReadableStream<Buffer> {
    const options = { deadline: Date.now() + deadlineMs };
    return this.#client.makeServerStreamRequest(
      path,
      passBuffer,
      passBuffer,
      asBuffer(request),
      this.#metadata,
      options,
    );
  }

  openBidiStream(path: string): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(path, passBuffer, passBuffer, this.#metadata);
  }

  close(): void {
    this.#client.close();
  }
}

/** `/package.Service/Method`. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function passBuffer(buffer: Buffer): Buffer {
  return buffer;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
