/** A call as those see it who may end it from outside: its stream hears of that, which a call alone does not tell. */
import type { CallBase, CancelListener, Metadata } from "@quorate/rpc";

export class BoundCall implements CallBase {
  readonly path: string;
  readonly metadata: Metadata;
  readonly deadlineMs: number | undefined;
  readonly peer: string;
  readonly peerCommonName: string | undefined;
  readonly authority: string;
  readonly #call: CallBase;
  readonly #onFailed: () => void;

  /** @param onFailed called once, when the call has been failed through this object. */
  constructor(call: CallBase, onFailed: () => void) {
    this.#call = call;
    this.#onFailed = onFailed;
    this.path = call.path;
    this.metadata = call.metadata;
    this.deadlineMs = call.deadlineMs;
    this.peer = call.peer;
    this.peerCommonName = call.peerCommonName;
    this.authority = call.authority;
  }

  get ended(): boolean {
    return this.#call.ended;
  }

  get congested(): boolean {
    return this.#call.congested;
  }

  onCancel(listener: CancelListener): void {
    this.#call.onCancel(listener);
  }

  setHeader(name: string, value: string | Uint8Array): void {
    this.#call.setHeader(name, value);
  }

  setTrailer(name: string, value: string | Uint8Array): void {
    this.#call.setTrailer(name, value);
  }

  fail(code: number, message: string): void {
    if (this.#call.ended) return;
    this.#call.fail(code, message);
    this.#onFailed();
  }
}
