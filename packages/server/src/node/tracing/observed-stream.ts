/** A stream whose requests somebody else sees, too, just before its handler does. */
import type { BidiCall, CancelListener, Metadata } from "@quorate/rpc";

export class ObservedStream implements BidiCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly deadlineMs: number | undefined;
  readonly peer: string;
  readonly peerCommonName: string | undefined;
  readonly authority: string;
  readonly #call: BidiCall;
  readonly #observe: (message: Uint8Array, handle: () => void) => void;

  /** @param observe sees a request and calls `handle` for it, within the same turn. */
  constructor(call: BidiCall, observe: (message: Uint8Array, handle: () => void) => void) {
    this.#call = call;
    this.#observe = observe;
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

  get bufferedBytes(): number {
    return this.#call.bufferedBytes;
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#call.onMessage((message) => {
      this.#observe(message, () => {
        listener(message);
      });
    });
  }

  onEnd(listener: () => void): void {
    this.#call.onEnd(listener);
  }

  onCancel(listener: CancelListener): void {
    this.#call.onCancel(listener);
  }

  onDrain(listener: () => void): void {
    this.#call.onDrain(listener);
  }

  setHeader(name: string, value: string | Uint8Array): void {
    this.#call.setHeader(name, value);
  }

  setTrailer(name: string, value: string | Uint8Array): void {
    this.#call.setTrailer(name, value);
  }

  send(message: Uint8Array): boolean {
    return this.#call.send(message);
  }

  sendParts(parts: readonly Uint8Array[]): boolean {
    return this.#call.sendParts(parts);
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  end(): void {
    this.#call.end();
  }

  fail(code: number, message: string): void {
    this.#call.fail(code, message);
  }
}
