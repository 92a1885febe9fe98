/** One call over gRPC-Web: a request with all of its messages, and the messages of its answer as they come. */
import { GrpcStatus } from "@quorate/proto";
import { createChannelError } from "../connection/channel-error.js";
import { startTimer } from "../connection/timeout.js";
import { onAbort } from "../session/on-abort.js";
import type { Metadata } from "../transport.js";
import { failureIn, failureOfHttp, parseTrailers } from "./call-status.js";
import { encodeFrames, FrameReader } from "./frames.js";

const CONTENT_TYPE = "application/grpc-web+proto";
/** The unit of `grpc-timeout` with the largest range of eight digits that is still exact. */
const TIMEOUT_DIGITS_MAX = 99_999_999;

export interface WebCallRequest {
  readonly fetch: FetchFunction;
  /** Of the method. */
  readonly url: string;
  readonly messages: readonly Uint8Array[];
  readonly metadata: Metadata | undefined;
  readonly timeoutMs: number | undefined;
  /** Each of them ends the call, with its reason. */
  readonly signals: readonly AbortSignal[];
  /** Of one message. */
  readonly receiveBytesMax: number;
}

/** What is used of the platform's `fetch`. */
export type FetchFunction = (url: string, init: FetchInit) => Promise<FetchAnswer>;

/** What is said to `fetch`. */
export interface FetchInit {
  readonly method: "POST";
  readonly headers: Record<string, string>;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
  /** Tokens go as metadata, never as cookies. */
  readonly credentials: "omit";
  readonly cache: "no-store";
  readonly redirect: "error";
}

/** What is asked of the answer. */
export interface FetchAnswer {
  readonly status: number;
  readonly headers: {
    /** Null for one that is not there. */
    get(name: string): string | null;
  };
  readonly body: {
    /** Called once. */
    getReader(): BodyReader;
  } | null;
}

/** What is used of a stream. */
export interface BodyReader {
  /** The next piece. */
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  /** Nothing more is wanted. */
  cancel(reason?: unknown): Promise<void>;
}

/**
 * Nothing is sent before the first `next()`; leaving the loop ends the call. Reads as fast as it is read: what waits is one piece of the
 * network's.
 * @throws ChannelError, or the reason of a signal.
 */
export async function* callOverWeb(request: WebCallRequest): AsyncGenerator<Uint8Array> {
  const { timeoutMs, signals } = request;
  for (const signal of signals) signal.throwIfAborted();
  const ending = new AbortController();
  const forgets = signals.map((signal) => onAbort(signal, () => ending.abort(signal.reason)));
  const endTimer = startTimer(timeoutMs, () =>
    ending.abort(createChannelError(GrpcStatus.DeadlineExceeded, "the time is up", true)),
  );
  try {
    yield* readAnswer(await send(request, ending.signal), request, ending.signal);
  } finally {
    endTimer();
    for (const forget of forgets) forget();
    // What is left of the answer is nobody's.
    ending.abort();
  }
}

async function send(
  { fetch, url, messages, metadata, timeoutMs }: WebCallRequest,
  signal: AbortSignal,
): Promise<FetchAnswer> {
  try {
    return await fetch(url, {
      method: "POST",
      headers: {
        ...metadata,
        "content-type": CONTENT_TYPE,
        "x-grpc-web": "1",
        ...(timeoutMs === undefined ? {} : { "grpc-timeout": timeoutText(timeoutMs) }),
      },
      body: encodeFrames(messages),
      signal,
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
    });
  } catch (error) {
    throw failureOf(error, signal);
  }
}

async function* readAnswer(
  answer: FetchAnswer,
  { receiveBytesMax }: WebCallRequest,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { status, headers } = answer;
  const contentType = headers.get("content-type") ?? "";
  const inHeaders = headers.get("grpc-status");
  if (
    inHeaders === null &&
    (status !== 200 || !/^application\/grpc-web(?:\+proto)?(?:;|$)/.test(contentType))
  )
    throw failureOfHttp(status, contentType);
  const reader = answer.body?.getReader();
  const frames = new FrameReader(receiveBytesMax);
  while (reader !== undefined) {
    const { done, value } = await readFrom(reader, signal);
    if (done) break;
    for (const { isTrailers, payload } of frames.push(value ?? new Uint8Array(0))) {
      if (!isTrailers) {
        yield payload;
        continue;
      }
      const failure = failureIn(parseTrailers(payload));
      if (failure !== undefined) throw failure;
      // Read to its end, the connection may be used again.
      await readFrom(reader, signal);
      return;
    }
  }
  if (inHeaders === null) throw createChannelError(GrpcStatus.Unavailable, "the answer broke off", true);
  const failure = failureIn((name) => headers.get(name) ?? undefined);
  if (failure !== undefined) throw failure;
}

async function readFrom(
  reader: BodyReader,
  signal: AbortSignal,
): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }> {
  try {
    return await reader.read();
  } catch (error) {
    throw failureOf(error, signal);
  }
}

/** A page is not told why a request failed, nor whether it was sent. */
function failureOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const text = error instanceof Error ? error.message : String(error);
  return createChannelError(GrpcStatus.Unavailable, `the request failed: ${text}`, true);
}

function timeoutText(timeoutMs: number): string {
  const ms = Math.max(0, Math.ceil(timeoutMs));
  return ms <= TIMEOUT_DIGITS_MAX ? `${ms}m` : `${Math.min(TIMEOUT_DIGITS_MAX, Math.ceil(ms / 1000))}S`;
}
