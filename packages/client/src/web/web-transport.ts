/** The transport of browsers: gRPC-Web over `fetch`. Runs in pages, workers, Deno and Node alike. */
import {
  etcdserverpb,
  GrpcStatus,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import { decode, encode, pathOf } from "../codec/method-codec.js";
import { createChannelError } from "../connection/channel-error.js";
import { parseEndpoint } from "../connection/endpoint.js";
import { onAbort } from "../session/on-abort.js";
import type { BidiStream, Channel, ChannelCallOptions, Transport } from "../transport.js";
import { KeepAliveCalls } from "./keep-alive-calls.js";
import { WatchCalls } from "./watch-calls.js";
import { callOverWeb, type FetchFunction } from "./web-call.js";

/** How a page reaches a member. */
export interface WebTransportOptions {
  /** Default: the platform's. */
  readonly fetch?: FetchFunction;
  /** Whether endpoints without a scheme are `https`. Default false; a page that came over https may call nothing else. */
  readonly isSecure?: boolean;
  /** Largest message taken from a server, in bytes; default 64 MiB, which a page can hold. */
  readonly receiveBytesMax?: number;
}

const RECEIVE_BYTES_MAX = 64 * 1024 * 1024;
/** Asks a server of ours to tell the progress of watches this often, in seconds: a page can't ask for it. */
export const PROGRESS_HEADER = "x-watch-progress-seconds";
const PROGRESS_SECONDS = "10";

/**
 * Calls over gRPC-Web, which the server has to take (`--grpc-web-origins`), or a proxy before it. Watches share one call, which begins anew
 * when they change; renewals of leases are calls of their own. A page can't tell a request that was never sent from one whose answer was
 * lost, so writes that fail are not repeated.
 */
export function createWebTransport(options: WebTransportOptions = {}): Transport {
  return { connect: (endpoint) => new WebChannel(endpoint, options) };
}

class WebChannel implements Channel {
  readonly endpoint: string;
  readonly #base: string;
  readonly #fetch: FetchFunction;
  readonly #receiveBytesMax: number;
  readonly #closing = new AbortController();

  constructor(endpoint: string, options: WebTransportOptions) {
    const { address, isUnix, isSecure = options.isSecure ?? false } = parseEndpoint(endpoint);
    if (isUnix) throw new TypeError(`"${endpoint}" is out of a page's reach`);
    this.endpoint = endpoint;
    this.#base = `${isSecure ? "https" : "http"}://${address}`;
    // Called as what it belongs to: browsers refuse to fetch for anybody else.
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#receiveBytesMax = options.receiveBytesMax ?? RECEIVE_BYTES_MAX;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: ChannelCallOptions = {},
  ): Promise<MessageShape<O>> {
    let answer: MessageShape<O> | undefined;
    for await (const bytes of this.#call(method, [encode(method.input, input)], options))
      answer ??= read(method.output, bytes);
    if (answer === undefined) throw createChannelError(GrpcStatus.Internal, "a call without an answer", true);
    return answer;
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
    for await (const bytes of this.#call(method, [encode(method.input, input)], options))
      yield read(method.output, bytes);
  }

  bidi<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    options: ChannelCallOptions = {},
  ): BidiStream<MessageInitShape<I>, MessageShape<O>> {
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    const endMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
    const isWatch = method === (etcdserverpb.Watch.method.watch as DescMethod);
    const metadata = isWatch
      ? { ...options.metadata, [PROGRESS_HEADER]: PROGRESS_SECONDS }
      : options.metadata;
    const ending = new AbortController();
    if (signal !== undefined) {
      const forget = onAbort(signal, () => ending.abort(signal.reason));
      onAbort(ending.signal, forget);
    }
    const parts = {
      encode: (message: MessageInitShape<I>) => encode(method.input, message),
      decode: (bytes: Uint8Array) => read(method.output, bytes),
      call: (messages: readonly Uint8Array[], signals: readonly AbortSignal[]) => {
        const leftMs = endMs === undefined ? undefined : endMs - performance.now();
        return this.#call(method, messages, { metadata, timeoutMs: leftMs }, signals);
      },
      ending,
    };
    if (method === (etcdserverpb.Lease.method.leaseKeepAlive as DescMethod)) return new KeepAliveCalls(parts);
    // The types of the one method that it is.
    if (isWatch) return new WatchCalls(parts as never) as unknown as ReturnType<typeof this.bidi<I, O>>;
    throw createChannelError(
      GrpcStatus.Unimplemented,
      `${method.name} can't be called from a browser`,
      false,
    );
  }

  close(): void {
    this.#closing.abort(createChannelError(GrpcStatus.Canceled, "the channel is closed", true));
  }

  #call(
    method: DescMethod,
    messages: readonly Uint8Array[],
    { metadata, timeoutMs, signal }: ChannelCallOptions,
    signals: readonly AbortSignal[] = [],
  ): AsyncGenerator<Uint8Array> {
    return callOverWeb({
      fetch: this.#fetch,
      url: this.#base + pathOf(method),
      messages,
      metadata,
      timeoutMs,
      signals: [...(signal === undefined ? [] : [signal]), ...signals, this.#closing.signal],
      receiveBytesMax: this.#receiveBytesMax,
    });
  }
}

function read<O extends DescMessage>(schema: O, bytes: Uint8Array): MessageShape<O> {
  try {
    return decode(schema, bytes);
  } catch (error) {
    const text = `a message that can't be read: ${(error as Error).message}`;
    throw createChannelError(GrpcStatus.Internal, text, true);
  }
}
