/**
 * The JSON gateway, `/v3/*`: each path is a method, a body its request, the answer its response or, line by line, its responses. Calls are
 * made within the process; nobody's certificate speaks for them.
 * Source: etcd's `gw` packages, grpc-gateway v2; operations 7.4.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { GrpcServer, LocalCaller } from "@quorate/rpc";
import { GrpcStatus } from "@quorate/rpc";
import { GatewaySockets } from "../websocket/gateway-socket.js";
import { AnswerLane } from "./answer-lane.js";
import { CallOrder } from "./call-order.js";
import { CallSlots } from "./call-slots.js";
import { errorBody, errorLine } from "./error-bodies.js";
import { httpStatusOf } from "./http-status.js";
import { decodeResponse, encodeRequest, GatewayJsonError } from "./json-codec.js";
import { writeJson } from "./json-writer.js";
import { JsonValues } from "./json-values.js";
import { metadataOf, timeoutOf } from "./request-metadata.js";
import { ROUTES, type Route } from "./routes.js";

export interface GatewayOptions {
  readonly grpc: Pick<GrpcServer, "callLocally">;
  /** --max-concurrent-streams. */
  readonly concurrentCallsMax: number;
  /** Of one request as JSON. */
  readonly bodyBytesMax: number;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #slots: CallSlots;
  readonly #order = new CallOrder();
  readonly #lane = new AnswerLane();
  readonly #sockets: GatewaySockets;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#slots = new CallSlots(options.concurrentCallsMax);
    this.#sockets = new GatewaySockets({
      messageBytesMax: options.bodyBytesMax,
      handle: (request, response) => this.handle(request, response, pathOf(request)),
    });
  }

  /** A request for a WebSocket, whose messages are requests of the method that its path names. */
  takeSocket(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.take(request, socket, head);
  }

  /** Ends WebSockets; other calls end with their connections. */
  close(): void {
    this.#sockets.close();
  }

  /** @param path behind `/v3/` */
  handle(request: IncomingMessage, response: ServerResponse, path: string): void {
    // The deadline begins with the request, not with its turn.
    const receivedMs = performance.now();
    this.#order.enter(request, response, () => this.#start({ request, response, path, receivedMs }));
  }

  #start({ request, response, path, receivedMs }: Arrival): void {
    const route = ROUTES.get(path);
    if (route === undefined) return sendStatus(response, GrpcStatus.notFound, "Not Found");
    if (request.method !== "POST")
      return sendStatus(response, GrpcStatus.unimplemented, "Method Not Allowed");
    const timeout = timeoutOf(request);
    if ("fault" in timeout) return sendStatus(response, GrpcStatus.invalidArgument, timeout.fault);
    const leave = this.#slots.enter(() => {
      const timeoutMs = timeout.ms === undefined ? undefined : timeout.ms - (performance.now() - receivedMs);
      const { grpc, bodyBytesMax } = this.#options;
      const lane = this.#lane;
      new GatewayCall({ grpc, bodyBytesMax, lane }, { request, response, route, timeoutMs }).start();
    });
    response.once("close", leave);
  }
}

interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly receivedMs: number;
}

/** Behind `/v3/`, or its older name. */
function pathOf({ url = "" }: IncomingMessage): string {
  return (url.split("?", 1)[0] ?? "").replace(/^\/v3(?:beta)?\//, "");
}

interface CallParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly timeoutMs: number | undefined;
}

interface CallOptions extends Pick<GatewayOptions, "grpc" | "bodyBytesMax"> {
  readonly lane: AnswerLane;
}

/** Answers up to here are written at once. */
const SMALL_BYTES_MAX = 16 * 1024;

class GatewayCall {
  readonly #options: CallOptions;
  readonly #parts: CallParts;
  readonly #values: JsonValues;
  readonly #isStreaming: boolean;
  #caller: LocalCaller | undefined;
  #hasSent = false;
  #hasEnded = false;
  /** The answer of a call that has one; it goes out with the call's end. */
  #answer: Uint8Array | undefined;

  constructor(options: CallOptions, parts: CallParts) {
    this.#options = options;
    this.#parts = parts;
    this.#values = new JsonValues({ bytesMax: options.bodyBytesMax });
    this.#isStreaming = parts.route.kind !== "unary";
  }

  start(): void {
    const { request, response } = this.#parts;
    response.on("close", () => this.#caller?.cancel());
    response.on("drain", () => this.#caller?.drained());
    request.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => this.#take(chunk));
    request.on("end", () => this.#takeEnd());
    // The stream of requests is open before the first of them.
    if (this.#parts.route.kind === "bidi_streaming") this.#open();
  }

  #open(): LocalCaller {
    if (this.#caller !== undefined) return this.#caller;
    const { request, route, timeoutMs } = this.#parts;
    const { remoteAddress = "", remotePort = 0 } = request.socket;
    const caller = this.#options.grpc.callLocally(
      {
        path: route.rpc,
        metadata: metadataOf(request),
        peer: `${remoteAddress}:${String(remotePort)}`,
        authority: request.headers.host ?? "",
        timeoutMs,
      },
      {
        onMessage: (message) => this.#onMessage(message),
        onEnd: (code, text) => this.#onEnd(code, text),
        onResume: () => void request.resume(),
      },
    );
    this.#caller = caller;
    return caller;
  }

  #take(chunk: Buffer): void {
    if (this.#hasEnded) return;
    const values = this.#values.push(chunk);
    if (values === "too-large") {
      this.#refuse(
        GrpcStatus.resourceExhausted,
        `grpc: received message larger than max (as JSON, ${String(this.#options.bodyBytesMax)} bytes)`,
      );
      return;
    }
    for (const value of values) this.#send(value);
    if (this.#caller?.paused() === true) this.#parts.request.pause();
  }

  #takeEnd(): void {
    if (this.#hasEnded) return;
    const rest = this.#values.rest();
    // Numbers and words end with the body; all else would have ended before.
    if (rest !== undefined && /^[[{"]/.test(rest)) {
      this.#refuse(GrpcStatus.invalidArgument, "unexpected EOF");
      return;
    }
    const { kind } = this.#parts.route;
    const takesMany = kind === "bidi_streaming" || kind === "client_streaming";
    if (rest !== undefined || (!takesMany && this.#caller === undefined)) this.#send(rest);
    this.#caller?.end();
  }

  /** Of a call that takes one message the first value is it, and what follows is ignored. */
  #send(value: string | undefined): void {
    if (this.#hasEnded) return;
    const { route } = this.#parts;
    if (route.kind !== "bidi_streaming" && this.#caller !== undefined) return;
    try {
      const message = encodeRequest(route.input, value);
      this.#open().send(message);
    } catch (error) {
      if (!(error instanceof GatewayJsonError)) throw error;
      this.#refuse(GrpcStatus.invalidArgument, error.message);
    }
  }

  /** Ends the call for a fault of its request. */
  #refuse(code: number, text: string): void {
    this.#caller?.cancel();
    this.#onEnd(code, text);
  }

  #onMessage(message: Uint8Array): boolean {
    if (!this.#isStreaming) {
      this.#answer = message;
      return true;
    }
    this.#sendHead();
    const { response, route } = this.#parts;
    return response.write(`{"result":${decodeResponse(route.output, message)}}\n`);
  }

  #sendHead(): void {
    if (this.#hasSent) return;
    this.#hasSent = true;
    const { response } = this.#parts;
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Grpc-Metadata-Content-Type", "application/grpc");
  }

  #onEnd(code: number, text: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { request, response, route } = this.#parts;
    // What is left of the body is read and forgotten, so that the connection can be used again.
    request.resume();
    if (this.#isStreaming) this.#endStream(code, text);
    else if (code !== GrpcStatus.ok) sendStatus(response, code, text);
    else {
      this.#sendHead();
      const answer = this.#answer ?? new Uint8Array(0);
      if (answer.length <= SMALL_BYTES_MAX) response.end(decodeResponse(route.output, answer));
      else this.#options.lane.send(response, writeJson(route.output, answer));
    }
  }

  #endStream(code: number, text: string): void {
    const { response } = this.#parts;
    if (code === GrpcStatus.ok) {
      this.#sendHead();
      response.end();
      return;
    }
    if (!this.#hasSent) {
      response.statusCode = httpStatusOf(code);
      response.setHeader("Content-Type", "application/json");
    }
    response.end(errorLine(response, code, text));
  }
}

function sendStatus(response: ServerResponse, code: number, message: string): void {
  response.statusCode = httpStatusOf(code);
  response.setHeader("Content-Type", "application/json");
  if (code === GrpcStatus.unauthenticated)
    response.setHeader("WWW-Authenticate", message.replace(/[^\t\x20-\x7e]/g, "?"));
  response.end(errorBody(response, code, message));
}
