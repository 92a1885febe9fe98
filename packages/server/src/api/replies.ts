/** Sends responses that consist of a header and the bytes behind it, from one buffer that is used for all of them. */
import type { DeferredBody, ResponseBody } from "@quorate/machine";
import { WireWriter } from "@quorate/machine";
import { GrpcStatus } from "@quorate/proto";
import type { CallBase, UnaryCall } from "@quorate/rpc";
import type { ResponseHeaders } from "./header.js";
import type { ReadGate, Rest } from "./read-gate.js";

const SCRATCH_BYTES = 4096;
/** Bodies up to this size are copied behind the header; longer ones are sent as parts. */
const COPY_BYTES_MAX = 16 * 1024;

/** A caller may leave while its response is being made. */
export interface BodyHolder {
  body: DeferredBody | undefined;
}

export interface RepliesOptions {
  readonly headers: ResponseHeaders;
  readonly gate: ReadGate;
  /** Takes what kept a response from being read: a fault of ours or of the disk, never the client's. */
  readonly onError: (error: unknown) => void;
}

export class Replies {
  /** Everything that may read much goes through it. */
  readonly gate: ReadGate;
  readonly #headers: ResponseHeaders;
  readonly #onError: (error: unknown) => void;
  readonly #scratch: WireWriter = new WireWriter(SCRATCH_BYTES);

  constructor({ headers, gate, onError }: RepliesOptions) {
    this.#headers = headers;
    this.gate = gate;
    this.#onError = onError;
  }

  /** Begins a response: the scratch buffer with the header in it. */
  begin(revision: number): WireWriter {
    const scratch = this.#scratch;
    scratch.reset();
    this.#headers.write(scratch, revision);
    return scratch;
  }

  /** Sends what `begin` gave and the caller appended to. */
  send(call: UnaryCall): void {
    call.reply(this.#scratch.buffer, 0, this.#scratch.length);
  }

  /** Sends what `begin` gave with `body` behind it; one that is deferred stays in `holder` until it is encoded. */
  sendWith(call: UnaryCall, body: ResponseBody, holder: BodyHolder): void {
    const rest = this.sendOrDefer(call, body, holder);
    if (rest !== undefined) this.gate.enter(call.peer, { begin: () => rest });
  }

  /** As `sendWith`, for who has passed the gate or needs none. @returns what encodes and sends a deferred body. */
  sendOrDefer(call: UnaryCall, body: ResponseBody, holder: BodyHolder): Rest | undefined {
    if (!("deferred" in body)) {
      this.#sendParts(call, body);
      return undefined;
    }
    // The header says what was true when the request was carried out.
    const header = this.#scratch.copy();
    holder.body = body;
    return () => this.#encode(call, header, holder);
  }

  #sendParts(call: UnaryCall, parts: readonly Uint8Array[]): void {
    let size = 0;
    for (const part of parts) size += part.length;
    if (size > COPY_BYTES_MAX) {
      call.replyParts([this.#scratch.copy(), ...parts]);
      return;
    }
    for (const part of parts) this.#scratch.raw(part, 0, part.length);
    this.send(call);
  }

  async #encode(call: UnaryCall, header: Uint8Array, holder: BodyHolder): Promise<void> {
    const { body } = holder;
    if (body === undefined) return;
    try {
      if (call.ended || call.congested) {
        body.release();
        failCongested(call);
        return;
      }
      const parts = await body.encode();
      if (!call.ended) call.replyParts([header, ...parts]);
    } catch (error) {
      this.#onError(error);
    } finally {
      holder.body = undefined;
    }
  }
}

/** Ends a call whose response would not be kept: so much is unread already (`CallBase.congested`). */
export function failCongested(call: CallBase): void {
  call.fail(
    GrpcStatus.ResourceExhausted,
    "response not made: this client leaves too many bytes of responses unread",
  );
}
