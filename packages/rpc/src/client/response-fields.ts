/**
 * What the header blocks of a response say: the head, the trailers, or both at once.
 *
 * Fields are immutable and hold nothing of their call, so that blocks which come again are decoded once (`HeadCache`).
 * Source: RFC 9113 section 8; gRPC over HTTP/2, "Responses".
 */
import { FieldMetadata } from "../grpc/field-metadata.js";
import { isValidName, isValidValue } from "../grpc/field-rules.js";
import { HeadCache } from "../grpc/head-cache.js";
import { percentDecode } from "../grpc/percent-encoding.js";
import { DEFAULT_TABLE_BYTES } from "../hpack/dynamic-table.js";
import { HpackDecoder } from "../hpack/hpack-decoder.js";
import { HpackError } from "../hpack/hpack-error.js";
import { ConnectionError, ErrorCode } from "../http2/frame.js";
import type { Metadata } from "../metadata.js";

/** How a call ended. */
export interface CallEnd {
  /** Of `GrpcStatus`. */
  readonly code: number;
  readonly message: string;
  /** The trailers; empty when the server sent none. */
  readonly metadata: Metadata;
  /** Whether the server may have begun to work on the call; false only when it certainly has not. */
  readonly sent: boolean;
}

/** Trailers of an ordinary call are its end as they are. */
export interface ResponseFields extends CallEnd {
  /** `:status`; 0 without, as trailers are. */
  readonly httpStatus: number;
  readonly contentType: string;
  /** `grpc-status`; -1 without. */
  readonly code: number;
  /** `grpc-encoding`; `identity` without. */
  readonly encoding: string;
  /** What HTTP/2 forbids about them. */
  readonly malformed: string | undefined;
  /** The list is longer than the limit: what is here is not all of it. */
  readonly tooLarge: boolean;
}

const statusText = /^[0-9]{3}$/;
const codeText = /^[0-9]{1,9}$/;

export class ResponseReader {
  readonly #decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
  readonly #cache = new HeadCache<ResponseFields>();
  readonly #listBytesMax: number;
  #httpStatus = 0;
  #contentType = "";
  #code = -1;
  #message = "";
  #encoding = "identity";
  #names: string[] = [];
  #values: string[] = [];
  #malformed: string | undefined;

  constructor(listBytesMax: number) {
    this.#listBytesMax = listBytesMax;
  }

  /** Each block of the connection once, in order. @throws ConnectionError COMPRESSION_ERROR for one that can't be decoded. */
  read(bytes: Buffer, start: number, end: number): ResponseFields {
    const { generation } = this.#decoder;
    const known = this.#cache.find(bytes, start, end, generation);
    if (known !== undefined) return known;
    const tooLarge = !this.#decode(bytes, start, end);
    const fields: ResponseFields = {
      httpStatus: this.#httpStatus,
      contentType: this.#contentType,
      code: this.#code,
      message: this.#message,
      encoding: this.#encoding,
      metadata: new FieldMetadata(this.#names, this.#values),
      sent: true,
      malformed: this.#malformed,
      tooLarge,
    };
    this.#reset();
    if (this.#decoder.generation === generation) {
      this.#cache.remember(bytes, start, end, generation, fields);
    }
    return fields;
  }

  readonly #onField = (name: string, value: string): void => {
    if (!isValidValue(value)) this.#malformed ??= `value of ${name}`;
    switch (name) {
      case ":status":
        if (this.#httpStatus !== 0 || !statusText.test(value)) this.#malformed ??= `status ${value}`;
        else this.#httpStatus = Number(value);
        return;
      case "content-type":
        this.#contentType = value;
        return;
      case "grpc-status":
        // A number that is none of gRPC's codes, or no number, is told as unknown.
        this.#code = codeText.test(value) ? Number(value) : 2;
        return;
      case "grpc-message":
        this.#message = percentDecode(value);
        return;
      case "grpc-encoding":
        this.#encoding = value;
        return;
    }
    if (!isValidName(name)) this.#malformed ??= `field ${name}`;
    this.#names.push(name);
    this.#values.push(value);
  };

  /** @returns false when the list was too large; the table is in step even so. */
  #decode(bytes: Buffer, start: number, end: number): boolean {
    try {
      this.#decoder.decode(bytes, start, end, this.#onField, this.#listBytesMax);
      return true;
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      if (error.kind === "list-too-large") return false;
      throw new ConnectionError(ErrorCode.compressionError, error.message);
    }
  }

  #reset(): void {
    this.#httpStatus = 0;
    this.#contentType = "";
    this.#code = -1;
    this.#message = "";
    this.#encoding = "identity";
    this.#names = [];
    this.#values = [];
    this.#malformed = undefined;
  }
}
