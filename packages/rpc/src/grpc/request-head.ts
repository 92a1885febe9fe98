/**
 * Turns the fields of a request's header block into what the rest of the server needs to know of it.
 *
 * A head is immutable and holds nothing of its call, so that calls with the same header block share one.
 * Three outcomes: a method to call; a refusal in gRPC's terms; or a malformed request in HTTP/2's terms, which costs the
 * stream (RST_STREAM PROTOCOL_ERROR).
 * Source: RFC 9113 section 8; gRPC over HTTP/2, "Requests".
 */
import type { Metadata } from "../metadata.js";
import { GrpcStatus } from "../status.js";
import { isGrpcContentType, isValidName, isValidValue } from "./field-rules.js";
import type { MethodRegistry, RegisteredMethod, RequestRefusal } from "./method-registry.js";
import { isBinaryValue, FieldMetadata } from "./field-metadata.js";
import { parseTimeoutMs } from "./timeout.js";

export interface RequestHead {
  readonly path: string;
  readonly authority: string;
  readonly metadata: Metadata;
  /** Undefined when `refusal` or `malformed` says why. */
  readonly method: RegisteredMethod | undefined;
  readonly refusal: RequestRefusal | undefined;
  readonly malformed: string | undefined;
  /** From `grpc-timeout`, in ms; -1 without. */
  readonly timeoutMs: number;
  /** True when messages may carry the compressed flag (gzip). */
  readonly gzip: boolean;
  /** True when the client takes gzip messages. */
  readonly acceptsGzip: boolean;
  /** Announced bytes of the request body; -1 without. */
  readonly contentLength: number;
}

const colon = 0x3a;
const digits = /^[0-9]{1,15}$/;

export class RequestHeadReader {
  readonly #registry: MethodRegistry;
  #method: string | undefined;
  #scheme: string | undefined;
  #path: string | undefined;
  #authority: string | undefined;
  #names: string[] = [];
  #values: string[] = [];
  #malformed: string | undefined;
  #refusal: RequestRefusal | undefined;
  #contentType: string | undefined;
  #timeoutMs = -1;
  #encoding = "identity";
  #acceptsGzip = false;
  #contentLength = -1;
  #pseudoSeen = false;
  #regularSeen = false;

  constructor(registry: MethodRegistry) {
    this.#registry = registry;
  }

  /** Takes one field; the listener of an HPACK decoder. */
  readonly onField = (name: string, value: string): void => {
    if (!isValidValue(value)) this.#malformed ??= `value of ${name}`;
    else if (name.charCodeAt(0) === colon) this.#onPseudo(name, value);
    else {
      this.#regularSeen = true;
      this.#onRegular(name, value);
    }
  };

  /** The head of a request whose fields have been taken; the reader is then ready for the next. */
  finishRequest(): RequestHead {
    const path = this.#path ?? "";
    if (this.#method === undefined || path === "" || !this.#scheme) this.#malformed ??= "pseudo-headers";
    const method = this.#registry.find(path);
    const refusal = this.#refuse(path, method);
    const head: RequestHead = {
      path,
      authority: this.#authority ?? "",
      metadata: new FieldMetadata(this.#names, this.#values),
      method: refusal === undefined ? method : undefined,
      refusal,
      malformed: this.#malformed,
      timeoutMs: this.#timeoutMs,
      gzip: this.#encoding === "gzip",
      acceptsGzip: this.#acceptsGzip,
      contentLength: this.#contentLength,
    };
    this.#reset();
    return head;
  }

  /** The fields were trailers. @returns what is wrong with them, undefined for nothing. */
  finishTrailers(): string | undefined {
    const wrong = this.#pseudoSeen ? "pseudo-header in trailers" : this.#malformed;
    this.#reset();
    return wrong;
  }

  #onPseudo(name: string, value: string): void {
    let before: string | undefined;
    switch (name) {
      case ":method":
        before = this.#method;
        this.#method = value;
        break;
      case ":path":
        before = this.#path;
        this.#path = value;
        break;
      case ":scheme":
        before = this.#scheme;
        this.#scheme = value;
        break;
      case ":authority":
        before = this.#authority;
        this.#authority = value;
        break;
      default:
        this.#malformed ??= `pseudo-header ${name}`;
    }
    if (before !== undefined) this.#malformed ??= `${name} twice`;
    if (this.#regularSeen) this.#malformed ??= `${name} after regular fields`;
    this.#pseudoSeen = true;
  }

  #onRegular(name: string, value: string): void {
    switch (name) {
      case "content-type":
        this.#contentType = value;
        return;
      case "te":
        if (value !== "trailers") this.#malformed ??= `te: ${value}`;
        return;
      case "grpc-timeout":
        this.#onTimeout(value);
        return;
      case "grpc-encoding":
        this.#onEncoding(value);
        return;
      case "grpc-accept-encoding":
        this.#acceptsGzip = value.split(",").some((each) => each.trim() === "gzip");
        return;
      case "content-length":
        if (digits.test(value)) this.#contentLength = Number(value);
        else this.#malformed ??= `content-length: ${value}`;
        return;
      case "grpc-message-type":
        return;
    }
    if (!isValidName(name)) this.#malformed ??= `field ${name}`;
    if (name.endsWith("-bin") && !isBinaryValue(value)) {
      const message = `malformed binary metadata "${value}" in header "${name}": illegal base64 data`;
      this.#refusal ??= { httpStatus: 400, code: GrpcStatus.internal, message };
    }
    this.#names.push(name);
    this.#values.push(value);
  }

  #onTimeout(value: string): void {
    const timeoutMs = parseTimeoutMs(value);
    if (timeoutMs !== undefined) {
      this.#timeoutMs = timeoutMs;
      return;
    }
    const message = `malformed grpc-timeout: transport: timeout unit is not recognized: "${value}"`;
    this.#refusal ??= { httpStatus: 400, code: GrpcStatus.internal, message };
  }

  #onEncoding(value: string): void {
    this.#encoding = value;
    if (value === "gzip" || value === "identity") return;
    const message = `grpc: Decompressor is not installed for grpc-encoding "${value}"`;
    const fields = [["grpc-accept-encoding", "identity,gzip"]] as const;
    this.#refusal ??= { httpStatus: 200, code: GrpcStatus.unimplemented, message, fields };
  }

  /** In the order that gRPC servers check: is it gRPC at all, is it a POST, what do its own headers say, is it known. */
  #refuse(path: string, found: RegisteredMethod | undefined): RequestRefusal | undefined {
    const type = this.#contentType ?? "";
    if (!isGrpcContentType(type)) {
      const message = `invalid gRPC request content-type "${type}"`;
      return { httpStatus: 415, code: GrpcStatus.invalidArgument, message };
    }
    if (this.#method !== "POST") {
      const message = `Received a HEADERS frame with :method "${this.#method}" which should be POST`;
      return { httpStatus: 405, code: GrpcStatus.internal, message };
    }
    if (this.#refusal !== undefined) return this.#refusal;
    return found === undefined ? this.#registry.refuse(path) : undefined;
  }

  #reset(): void {
    this.#method = undefined;
    this.#scheme = undefined;
    this.#path = undefined;
    this.#authority = undefined;
    this.#names = [];
    this.#values = [];
    this.#malformed = undefined;
    this.#refusal = undefined;
    this.#contentType = undefined;
    this.#timeoutMs = -1;
    this.#encoding = "identity";
    this.#acceptsGzip = false;
    this.#contentLength = -1;
    this.#pseudoSeen = false;
    this.#regularSeen = false;
  }
}
