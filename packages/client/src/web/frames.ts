/**
 * Bodies of gRPC-Web: frames of a flag, a length and a payload, cut anywhere by the network.
 *
 *     00 length(4, big-endian) message                                    repeated
 *     80 length                grpc-status: 0\r\ngrpc-message: ...\r\n    once, at the end
 */
import { GrpcStatus } from "@quorate/proto";
import { createChannelError } from "../connection/channel-error.js";

const PREFIX_BYTES = 5;
const MESSAGE_FLAG = 0x00;
const TRAILERS_FLAG = 0x80;
const BUFFER_BYTES_MIN = 1024;

export interface Frame {
  readonly isTrailers: boolean;
  /** Nobody else's: what is made of it may keep views. */
  readonly payload: Uint8Array;
}

/** A request's body: each message in a frame. */
export function encodeFrames(messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const message of messages) length += PREFIX_BYTES + message.length;
  const body = new Uint8Array(length);
  const view = new DataView(body.buffer);
  let at = 0;
  for (const message of messages) {
    view.setUint32(at + 1, message.length);
    body.set(message, at + PREFIX_BYTES);
    at += PREFIX_BYTES + message.length;
  }
  return body;
}

/** Puts frames together. Memory grows with what has arrived, not with what was announced. */
export class FrameReader {
  readonly #bytesMax: number;
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #prefixFilled = 0;
  #payload = new Uint8Array(0);
  #filled = 0;

  /** @param bytesMax of one payload. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The frames that end in `chunk`. @throws ChannelError for a body that can't be read on. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at < chunk.length;) {
      const isInPrefix = this.#prefixFilled < PREFIX_BYTES;
      at = isInPrefix ? this.#takePrefix(chunk, at) : this.#takePayload(chunk, at);
      if (this.#prefixFilled === PREFIX_BYTES && this.#filled === this.#length) frames.push(this.#complete());
    }
    return frames;
  }

  get #length(): number {
    return new DataView(this.#prefix.buffer).getUint32(1);
  }

  #takePrefix(chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + PREFIX_BYTES - this.#prefixFilled);
    this.#prefix.set(chunk.subarray(start, end), this.#prefixFilled);
    this.#prefixFilled += end - start;
    if (this.#prefixFilled < PREFIX_BYTES) return end;
    const flag = this.#prefix[0];
    if (flag !== MESSAGE_FLAG && flag !== TRAILERS_FLAG)
      throw createChannelError(GrpcStatus.Internal, `a frame of an unknown kind: ${flag}`, true);
    if (this.#length > this.#bytesMax) {
      const text = `a message larger than the limit (${this.#length} vs. ${this.#bytesMax})`;
      throw createChannelError(GrpcStatus.ResourceExhausted, text, true);
    }
    return end;
  }

  #takePayload(chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + this.#length - this.#filled);
    const needed = this.#filled + end - start;
    if (this.#payload.length < needed) {
      const grown = new Uint8Array(Math.min(this.#length, Math.max(needed * 2, BUFFER_BYTES_MIN)));
      grown.set(this.#payload.subarray(0, this.#filled));
      this.#payload = grown;
    }
    this.#payload.set(chunk.subarray(start, end), this.#filled);
    this.#filled = needed;
    return end;
  }

  #complete(): Frame {
    const payload = this.#payload.subarray(0, this.#filled);
    const isTrailers = this.#prefix[0] === TRAILERS_FLAG;
    this.#prefixFilled = 0;
    this.#filled = 0;
    this.#payload = new Uint8Array(0);
    return { isTrailers, payload };
  }
}
