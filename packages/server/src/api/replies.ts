/** Sends responses that consist of a header and the bytes behind it, from one buffer that is used for all of them. */
import type { DeferredBody, ResponseBody } from "@quorate/machine";
import { WireWriter } from "@quorate/machine";
import type { UnaryCall } from "@quorate/rpc";
import type { ResponseHeaders } from "./header.js";

const SCRATCH_BYTES = 4096;
/** Bodies up to this size are copied behind the header; longer ones are sent as parts. */
const COPY_BYTES_MAX = 16 * 1024;

/** A caller may leave while its response is being made. */
export interface BodyHolder {
  body: DeferredBody | undefined;
}

export class Replies {
  readonly #headers: ResponseHeaders;
  readonly #onError: (error: unknown) => void;
  readonly #scratch: WireWriter = new WireWriter(SCRATCH_BYTES);

  /** @param onError takes what kept a response from being read: a fault of ours or of the disk, never the client's. */
  constructor(headers: ResponseHeaders, onError: (error: unknown) => void) {
    this.#headers = headers;
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
    if (!("deferred" in body)) this.#sendParts(call, body);
    else this.#sendLater(call, body, holder);
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

  #sendLater(call: UnaryCall, body: DeferredBody, holder: BodyHolder): void {
    // The header says what was true when the request was carried out.
    const header = this.#scratch.copy();
    holder.body = body;
    body.encode().then(
      (parts) => {
        holder.body = undefined;
        if (!call.ended) call.replyParts([header, ...parts]);
      },
      (error: unknown) => {
        holder.body = undefined;
        this.#onError(error);
      },
    );
  }
}
