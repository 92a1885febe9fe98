/**
 * gRPC for browsers, which can't read trailers: every method of the client port over HTTP/1.1, its status in a last frame of the body.
 *
 *     request:   00 length message, repeated where the method takes several
 *     response:  00 length message, repeated;  80 length `grpc-status: 0\r\n...`
 *
 * A page can't go on sending while it reads: it sends its messages, ends its body, and reads. So a stream of watches does not end with its body, but
 * when the page leaves.
 *
 * Off unless an origin is allowed. Source: grpc/grpc PROTOCOL-WEB.md. Not here: HTTP/2, which browsers speak to this port no more than to etcd's.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  GrpcStatus,
  MessageAssembler,
  messagePrefix,
  percentEncode,
  type GrpcServer,
  type LocalCaller,
} from "@quorate/rpc";
import { CallSlots } from "../gateway/call-slots.js";
import { timeoutOf } from "../gateway/request-metadata.js";
import { Base64Stream } from "./base64-stream.js";
import { allowOrigin, answerPreflight } from "./cross-origin.js";
import { askProgress, PROGRESS_HEADER } from "./watch-progress.js";

export interface GrpcWebOptions {
  readonly grpc: Pick<GrpcServer, "callLocally">;
  /** Origins whose pages may call; `*` is everybody. */
  readonly origins: readonly string[];
  /** --max-concurrent-streams. */
  readonly concurrentCallsMax: number;
  /** Of one request message. */
  readonly messageBytesMax: number;
}

const CONTENT_TYPE = /^application\/grpc-web(-text)?(?:\+proto)?(?:\s*;|$)/i;
const METHOD_PATH = /^\/[\w.]+\/\w+$/;
const TRAILERS_FLAG = 0x80;
/** Names that are the connection's and the protocol's, not the call's. */
const NO_METADATA: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "connection",
  "content-length",
  "content-type",
  "cookie",
  "grpc-accept-encoding",
  "grpc-timeout",
  "host",
  "origin",
  "referer",
  "te",
  "transfer-encoding",
  "x-grpc-web",
  PROGRESS_HEADER,
]);
/** Goes on after its caller has said all: a page ends its body before it reads. */
const WATCH_PATH = "/etcdserverpb.Watch/Watch";

export class GrpcWeb {
  readonly #options: GrpcWebOptions;
  readonly #slots: CallSlots;

  constructor(options: GrpcWebOptions) {
    this.#options = options;
    this.#slots = new CallSlots(options.concurrentCallsMax);
  }

  /** Whether `path` may be a method's. */
  concerns(path: string): boolean {
    return METHOD_PATH.test(path);
  }

  /** @returns false when the request is no such call: it is somebody else's then. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const path = request.url ?? "";
    const { origins } = this.#options;
    if (request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined) {
      if (!allowOrigin(origins, request, response)) return false;
      answerPreflight(response);
      return true;
    }
    const [isCall, text] = CONTENT_TYPE.exec(request.headers["content-type"] ?? "") ?? [];
    if (isCall === undefined || request.method !== "POST") return false;
    if (!allowOrigin(origins, request, response)) {
      response.statusCode = 403;
      response.end();
      return true;
    }
    const call = new WebCall(this.#options, { request, response, path, isText: text !== undefined });
    const leave = this.#slots.enter(() => call.start());
    response.once("close", leave);
    return true;
  }
}

interface CallParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** Both bodies are base64. */
  readonly isText: boolean;
}

class WebCall {
  readonly #options: GrpcWebOptions;
  readonly #parts: CallParts;
  readonly #base64: Base64Stream | undefined;
  readonly #assembler: MessageAssembler;
  readonly #receivedMs: number = performance.now();
  #caller: LocalCaller | undefined;
  #stopAsking: () => void = () => undefined;
  #hasEnded = false;

  constructor(options: GrpcWebOptions, parts: CallParts) {
    this.#options = options;
    this.#parts = parts;
    this.#base64 = parts.isText ? new Base64Stream() : undefined;
    this.#assembler = new MessageAssembler(
      {
        onMessage: (bytes, start, end, compressed) => this.#send(bytes, start, end, compressed),
        onRefused: (code, message) => this.#refuse(code, message),
      },
      options.messageBytesMax,
    );
  }

  start(): void {
    const { request, response, path } = this.#parts;
    const timeout = timeoutOf(request);
    response.setHeader("Content-Type", `application/grpc-web${this.#parts.isText ? "-text" : ""}+proto`);
    if ("fault" in timeout) return this.#onEnd(GrpcStatus.invalidArgument, timeout.fault);
    const { remoteAddress = "", remotePort = 0 } = request.socket;
    response.on("close", () => {
      this.#stopAsking();
      this.#caller?.cancel();
    });
    response.on("drain", () => this.#caller?.drained());
    request.on("error", () => undefined);
    this.#caller = this.#options.grpc.callLocally(
      {
        path,
        metadata: metadataOf(request),
        peer: `${remoteAddress}:${String(remotePort)}`,
        authority: request.headers.host ?? "",
        timeoutMs: timeout.ms === undefined ? undefined : timeout.ms - (performance.now() - this.#receivedMs),
      },
      {
        onMessage: (message) => this.#write(messagePrefix(0, message.length), message),
        onEnd: (code, text) => this.#onEnd(code, text),
        onResume: () => void request.resume(),
      },
    );
    request.on("data", (chunk: Buffer) => this.#take(chunk));
    request.on("end", () => this.#takeEnd());
  }

  #take(chunk: Buffer): void {
    if (this.#hasEnded) return;
    const bytes = this.#base64 === undefined ? chunk : this.#base64.push(chunk);
    if (bytes === undefined) return this.#refuse(GrpcStatus.invalidArgument, "the body is no base64");
    this.#assembler.push(bytes, 0, bytes.length);
    if (this.#caller?.paused() === true) this.#parts.request.pause();
  }

  #send(bytes: Uint8Array, start: number, end: number, compressed: boolean): void {
    if (this.#hasEnded) return;
    if (compressed) this.#refuse(GrpcStatus.unimplemented, "grpc: compressed messages are not taken here");
    else this.#caller?.send(bytes.slice(start, end));
  }

  #takeEnd(): void {
    if (this.#hasEnded) return;
    if (!this.#assembler.atBoundary || this.#base64?.isComplete === false)
      return this.#refuse(GrpcStatus.internal, "the body ends within a message");
    if (this.#caller === undefined) return;
    if (this.#parts.path !== WATCH_PATH) this.#caller.end();
    else this.#stopAsking = askProgress(this.#parts.request, this.#caller);
  }

  /** Ends the call for a fault of its request. */
  #refuse(code: number, text: string): void {
    if (this.#hasEnded) return;
    this.#caller?.cancel();
    this.#onEnd(code, text);
  }

  #onEnd(code: number, text: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const message = text === "" ? "" : `grpc-message: ${percentEncode(text)}\r\n`;
    const trailers = Buffer.from(`grpc-status: ${String(code)}\r\n${message}`, "latin1");
    this.#write(messagePrefix(TRAILERS_FLAG, trailers.length), trailers);
    // What is left of the body is read and forgotten, so that the connection can be used again.
    this.#parts.request.resume();
    this.#parts.response.end();
  }

  #write(prefix: Uint8Array, body: Uint8Array): boolean {
    const frame = Buffer.concat([prefix, body]);
    const { response, isText } = this.#parts;
    return response.write(isText ? frame.toString("base64") : frame);
  }
}

function metadataOf({ rawHeaders }: IncomingMessage): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase();
    if (!NO_METADATA.has(name)) pairs.push([name, rawHeaders[i + 1] ?? ""]);
  }
  return pairs;
}
