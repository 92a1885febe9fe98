/**
 * Port: how one call reaches one endpoint. Node's implementation is in `node/`; a browser's or a simulator's needs nothing else.
 *
 * A channel makes no decisions: it neither retries nor picks endpoints nor knows tokens. It connects when it is first used and
 * reconnects by itself.
 */
import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@quorate/proto";

/** gRPC metadata, keys in lower case. */
export type Metadata = Readonly<Record<string, string>>;

/** Of one call over one channel. */
export interface ChannelCallOptions {
  /** Ends the call; it fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now until the call fails with DeadlineExceeded; sent to the server too. */
  readonly timeoutMs?: number | undefined;
  readonly metadata?: Metadata | undefined;
}

/**
 * Thrown by channels. `code` is gRPC's number, `message` the server's text without decoration.
 */
export interface ChannelError extends Error {
  readonly name: "ChannelError";
  readonly code: number;
  /** Whether the request may have reached the server; false only when it certainly has not. */
  readonly sent: boolean;
}

/** Both directions of one call. Closing (`return()` of the iterator, or dispose) cancels it. */
export interface BidiStream<I, O> extends AsyncIterable<O> {
  /** Resolves when the transport takes more; messages are never reordered. Rejects once the call has ended. */
  send(message: I): Promise<void>;
  /** Half-close: nothing more will be sent. */
  end(): void;
  /** Ends the call at both ends. */
  cancel(): void;
}

/** The way to one endpoint. */
export interface Channel {
  readonly endpoint: string;
  /** One request, one answer. @throws ChannelError, or the signal's reason. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options?: ChannelCallOptions,
  ): Promise<MessageShape<O>>;
  /** Nothing is sent before the first `next()`; leaving the loop cancels the call. */
  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    options?: ChannelCallOptions,
  ): AsyncIterable<MessageShape<O>>;
  /** Messages both ways; connects at once. */
  bidi<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    options?: ChannelCallOptions,
  ): BidiStream<MessageInitShape<I>, MessageShape<O>>;
  /** Ends every call under way; later calls fail at once. */
  close(): void;
}

/** Opens channels. */
export interface Transport {
  /** Opens nothing yet. `endpoint` is as the user wrote it: `host:port`, `http://host:port`, `https://...`, `unix:path`. */
  connect(endpoint: string): Channel;
}
