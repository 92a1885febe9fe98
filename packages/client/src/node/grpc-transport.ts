/** The transport on Node: one gRPC channel per endpoint. */
import {
  Client,
  connectivityState,
  credentials,
  Metadata as GrpcMetadata,
  status,
  type CallOptions as GrpcCallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type ServiceError,
} from "@grpc/grpc-js";
import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@quorate/proto";
import { createChannelError } from "../connection/channel-error.js";
import { parseEndpoint } from "../connection/endpoint.js";
import type { BidiStream, Channel, ChannelCallOptions, Metadata, Transport } from "../transport.js";
import { GrpcBidiStream, readStream } from "./grpc-streams.js";
import { decode, encode, pathOf } from "./method-codec.js";
import {
  CONNECT_MAX_MS,
  KEEPALIVE_MS,
  KEEPALIVE_TIMEOUT_MS,
  readPem,
  RECEIVE_BYTES_MAX,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
  type GrpcTransportOptions,
  type TlsOptions,
} from "./transport-options.js";

/** Calls over @grpc/grpc-js. @throws an error of the file system for certificates that can't be read. */
export function createGrpcTransport(options: GrpcTransportOptions = {}): Transport {
  return { connect: (endpoint) => new GrpcChannel(endpoint, options) };
}

interface TrackedCall {
  /** To be called when the call has ended. */
  readonly release: () => void;
  /** What the library's error means. */
  readonly failureOf: (error: ServiceError) => Error;
}

class GrpcChannel implements Channel {
  readonly endpoint: string;
  readonly #client: Client;
  readonly #cancels = new Set<() => void>();
  #isClosed = false;

  constructor(endpoint: string, options: GrpcTransportOptions) {
    this.endpoint = endpoint;
    const { address, isUnix, isSecure } = parseEndpoint(endpoint);
    const secure = isSecure ?? options.tls !== undefined;
    const target = isUnix ? `unix:${address}` : `dns:///${address}`;
    this.#client = new Client(target, createCredentials(secure, options.tls), channelOptions(options));
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: ChannelCallOptions = {},
  ): Promise<MessageShape<O>> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (this.#refuses(signal, reject)) return;
      const call = this.#client.makeUnaryRequest(
        pathOf(method),
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        encodeBuffer(method.input, input),
        toGrpcMetadata(options.metadata),
        toGrpcOptions(options),
        (error: ServiceError | null, bytes?: Buffer) => {
          tracked.release();
          if (error !== null) reject(tracked.failureOf(error));
          else resolve(decodeBuffer(method.output, bytes ?? Buffer.alloc(0)));
        },
      );
      const tracked = this.#track(signal, () => call.cancel());
    });
  }

  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    options: ChannelCallOptions = {},
  ): AsyncIterable<MessageShape<O>> {
    const begin = (): AsyncGenerator<MessageShape<O>> => this.#readStream(method, input, options);
    return { [Symbol.asyncIterator]: begin };
  }

  async *#readStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    options: ChannelCallOptions,
  ): AsyncGenerator<MessageShape<O>> {
    const { signal } = options;
    this.#refuses(signal, (error) => {
      throw error;
    });
    const call = this.#client.makeServerStreamRequest(
      pathOf(method),
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      encodeBuffer(method.input, input),
      toGrpcMetadata(options.metadata),
      toGrpcOptions(options),
    );
    const tracked = this.#track(signal, () => call.cancel());
    try {
      for await (const bytes of readStream(call, tracked.failureOf)) yield decodeBuffer(method.output, bytes);
    } finally {
      tracked.release();
      call.cancel();
    }
  }

  bidi<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    options: ChannelCallOptions = {},
  ): BidiStream<MessageInitShape<I>, MessageShape<O>> {
    const { signal } = options;
    this.#refuses(signal, (error) => {
      throw error;
    });
    const call = this.#client.makeBidiStreamRequest(
      pathOf(method),
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      toGrpcMetadata(options.metadata),
      toGrpcOptions(options),
    );
    const tracked = this.#track(signal, () => call.cancel());
    return new GrpcBidiStream<MessageInitShape<I>, MessageShape<O>>(call, {
      encode: (message) => encodeBuffer(method.input, message),
      decode: (bytes) => decodeBuffer(method.output, bytes),
      failureOf: tracked.failureOf,
      onEnd: tracked.release,
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const cancel of [...this.#cancels]) cancel();
    this.#client.close();
  }

  #refuses(signal: AbortSignal | undefined, reject: (error: unknown) => void): boolean {
    if (signal?.aborted === true) reject(signal.reason);
    else if (this.#isClosed) reject(createChannelError(status.CANCELLED, "the channel is closed", false));
    else return false;
    return true;
  }

  /** Cancels the call when the signal aborts, the channel closes, or no connection comes: the library would wait for 20 s. */
  #track(signal: AbortSignal | undefined, cancel: () => void): TrackedCall {
    this.#cancels.add(cancel);
    signal?.addEventListener("abort", cancel, { once: true });
    let isUnconnected = false;
    const timer = this.#isConnected
      ? undefined
      : setTimeout(() => {
          // A call that was on a connection has ended with it.
          isUnconnected = !this.#isConnected;
          if (isUnconnected) cancel();
        }, CONNECT_MAX_MS);
    return {
      release: () => {
        clearTimeout(timer);
        this.#cancels.delete(cancel);
        signal?.removeEventListener("abort", cancel);
      },
      failureOf: (error) =>
        isUnconnected
          ? createChannelError(status.UNAVAILABLE, `no connection within ${CONNECT_MAX_MS} ms`, false)
          : failureOf(error, signal),
    };
  }

  get #isConnected(): boolean {
    return this.#client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }
}

/** A signal may be aborted with anything; whoever does not use an error gets what they used. */
function failureOf(error: ServiceError, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) return signal.reason as Error;
  const text = error.details ?? error.message;
  return createChannelError(error.code, text, wasSent(error.code, text));
}

/** Texts of the library for calls that never left this process. */
const NEVER_SENT = [
  /^No connection established/,
  /waiting for LB pick/i,
  /^Name resolution failed/,
  /ECONNREFUSED/,
];

function wasSent(code: number, text: string): boolean {
  if (code !== status.UNAVAILABLE && code !== status.DEADLINE_EXCEEDED) return true;
  return !NEVER_SENT.some((pattern) => pattern.test(text));
}

function createCredentials(isSecure: boolean, tls: TlsOptions | undefined): ChannelCredentials {
  if (!isSecure) return credentials.createInsecure();
  return credentials.createSsl(readPem(tls?.ca), readPem(tls?.key), readPem(tls?.cert));
}

function channelOptions(options: GrpcTransportOptions): ChannelOptions {
  const serverName = options.tls?.serverName;
  return {
    "grpc.max_receive_message_length": options.receiveBytesMax ?? RECEIVE_BYTES_MAX,
    // The server decides what it takes, and says so with its own error.
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": options.keepaliveMs ?? KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs ?? KEEPALIVE_TIMEOUT_MS,
    "grpc.initial_reconnect_backoff_ms": RECONNECT_MIN_MS,
    "grpc.max_reconnect_backoff_ms": RECONNECT_MAX_MS,
    // Clients of one process need not share connections, and closing one must not disturb another.
    "grpc.use_local_subchannel_pool": 1,
    // Repeating calls is decided elsewhere, by what they do.
    "grpc.enable_retries": 0,
    "grpc.enable_http_proxy": 0,
    ...(serverName === undefined
      ? {}
      : { "grpc.ssl_target_name_override": serverName, "grpc.default_authority": serverName }),
  };
}

function toGrpcMetadata(metadata: Metadata | undefined): GrpcMetadata {
  const result = new GrpcMetadata();
  for (const [name, value] of Object.entries(metadata ?? {})) result.set(name, value);
  return result;
}

function toGrpcOptions({ timeoutMs }: ChannelCallOptions): GrpcCallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

/** A view for the library, which takes nothing but its own kind. */
function encodeBuffer<I extends DescMessage>(schema: I, input: MessageInitShape<I>): Buffer {
  const bytes = encode(schema, input);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decodeBuffer<O extends DescMessage>(schema: O, bytes: Buffer): MessageShape<O> {
  // A plain view: Node's buffers share pools and compare unequal to plain arrays.
  return decode(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
