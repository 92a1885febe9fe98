/** The transport on Node: one gRPC channel per endpoint. */
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import {
  Client,
  connectivityState,
  credentials,
  Metadata as GrpcMetadata,
  status,
  type ChannelCredentials,
  type ChannelOptions,
  type VerifyOptions,
} from "@grpc/grpc-js";
import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@quorate/proto";
import { createChannelError } from "../connection/channel-error.js";
import { hostOf, parseEndpoint } from "../connection/endpoint.js";
import type { BidiStream, Channel, ChannelCallOptions, Metadata, Transport } from "../transport.js";
import { GrpcBidiStream, readStream } from "./grpc-streams.js";
import { logConnections, watchStates } from "./connection-log.js";
import { GrpcUnary } from "./grpc-unary.js";
import { decodeBuffer, encodeBuffer, pathOf } from "./method-codec.js";
import { readTls } from "./read-tls.js";
import { TrackedCall, type Cancellable } from "./tracked-call.js";
import {
  CONNECT_MAX_MS,
  KEEPALIVE_MS,
  KEEPALIVE_TIMEOUT_MS,
  RECEIVE_BYTES_MAX,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
  type GrpcTransportOptions,
} from "./transport-options.js";

/**
 * Calls over @grpc/grpc-js.
 * @throws TypeError, or an error of the file system, for certificates that can't be read; of OpenSSL for a key of another certificate.
 */
export function createGrpcTransport(options: GrpcTransportOptions = {}): Transport {
  return { connect: (endpoint) => new GrpcChannel(endpoint, options) };
}

class GrpcChannel implements Channel {
  readonly endpoint: string;
  readonly #client: Client;
  /** What ends each call under way. */
  readonly #open = new Set<Cancellable>();
  readonly #methods = new Map<DescMethod, string>();
  readonly #metadata = new MetadataMemory();
  #isClosed = false;

  constructor(endpoint: string, options: GrpcTransportOptions) {
    this.endpoint = endpoint;
    const { address, isUnix, isSecure } = parseEndpoint(endpoint);
    const secure = isSecure ?? options.tls !== undefined;
    const target = isUnix ? `unix:${address}` : `dns:///${address}`;
    const serverName = options.tls?.serverName ?? (isUnix ? undefined : hostOf(address));
    const security = secure ? secured(options, serverName) : INSECURE;
    this.#client = new Client(target, security.credentials, {
      ...channelOptions(options),
      ...security.options,
    });
    if (options.logger !== undefined) {
      const tell = logConnections(options.logger, endpoint);
      watchStates(this.#client.getChannel(), tell, () => this.#open.size > 0);
    }
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: ChannelCallOptions = {},
  ): Promise<MessageShape<O>> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (this.#refuses(signal, reject)) return;
      const message = encodeBuffer(method.input, input);
      // The channel itself: what `makeUnaryRequest` puts around it (an emitter, interceptors, a stack) nobody here looks at.
      const call = this.#client
        .getChannel()
        .createCall(this.#path(method), deadlineOf(options), undefined, null, undefined);
      const unary = new GrpcUnary(method.output, call, { resolve, reject });
      const tracked = this.#track(signal, unary);
      unary.begin(this.#metadata.of(options.metadata), message, tracked);
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
      this.#path(method),
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      encodeBuffer(method.input, input),
      this.#metadata.of(options.metadata),
      { deadline: deadlineOf(options) },
    );
    const tracked = this.#track(signal, call);
    try {
      for await (const bytes of readStream(call, (error) => tracked.failureOf(error)))
        yield decodeBuffer(method.output, bytes);
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
      this.#path(method),
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      this.#metadata.of(options.metadata),
      { deadline: deadlineOf(options) },
    );
    const tracked = this.#track(signal, call);
    return new GrpcBidiStream<MessageInitShape<I>, MessageShape<O>>(call, {
      encode: (message) => encodeBuffer(method.input, message),
      decode: (bytes) => decodeBuffer(method.output, bytes),
      failureOf: (error) => tracked.failureOf(error),
      onEnd: () => tracked.release(),
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const call of [...this.#open]) call.cancel();
    this.#client.close();
  }

  #refuses(signal: AbortSignal | undefined, reject: (error: unknown) => void): boolean {
    if (signal?.aborted === true) reject(signal.reason);
    else if (this.#isClosed) reject(createChannelError(status.CANCELLED, "the channel is closed", false));
    else return false;
    return true;
  }

  #path(method: DescMethod): string {
    let path = this.#methods.get(method);
    if (path === undefined) this.#methods.set(method, (path = pathOf(method)));
    return path;
  }

  /** Cancels the call when the signal aborts, the channel closes, or no connection comes: the library would wait for 20 s. */
  #track(signal: AbortSignal | undefined, call: Cancellable): TrackedCall {
    this.#open.add(call);
    const tracked = new TrackedCall(signal, call, this.#open);
    if (!this.#isConnected) tracked.giveUpIn(CONNECT_MAX_MS, () => !this.#isConnected);
    return tracked;
  }

  get #isConnected(): boolean {
    return this.#client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }
}

interface Security {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

const INSECURE: Security = { credentials: credentials.createInsecure(), options: {} };

/**
 * The name that a server is asked for which is known by its address: RFC 6066 forbids to ask for the address, and the library always
 * asks for something. Nobody has this name (RFC 2606), so that the server shows what it shows to those who ask for none.
 */
const NO_NAME = "address.invalid";

/** @param serverName what the server's certificate must have; undefined for what the library makes of a socket's path. */
function secured({ tls }: GrpcTransportOptions, serverName: string | undefined): Security {
  const { ca, cert, key } = readTls(tls);
  const isAddress = serverName !== undefined && isIP(serverName) !== 0;
  const verify: VerifyOptions = isAddress
    ? { checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate) }
    : {};
  const asked = isAddress ? NO_NAME : tls?.serverName;
  return {
    credentials: credentials.createSsl(ca, key, cert, verify),
    options: {
      ...(asked === undefined ? {} : { "grpc.ssl_target_name_override": asked }),
      ...(tls?.serverName === undefined ? {} : { "grpc.default_authority": tls.serverName }),
    },
  };
}

function channelOptions(options: GrpcTransportOptions): ChannelOptions {
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
  };
}

/** Metadata in the library's form: made once for calls that say the same, which is most of them. The library copies it. */
class MetadataMemory {
  #last: Metadata | undefined;
  #made = new GrpcMetadata();

  of(metadata: Metadata | undefined): GrpcMetadata {
    if (metadata === this.#last) return this.#made;
    const made = new GrpcMetadata();
    for (const [name, value] of Object.entries(metadata ?? {})) made.set(name, value);
    this.#last = metadata;
    this.#made = made;
    return made;
  }
}

function deadlineOf({ timeoutMs }: ChannelCallOptions): number {
  return timeoutMs === undefined ? Infinity : Date.now() + timeoutMs;
}
