/**
 * A stream of answers whose caller insists on a leader, as its handler sees it: the handler is told that its caller has left when
 * there has been no leader for too long. Source: kv-watch-lease 7.12.
 */
import type { CancelListener, Metadata, ServerStreamCall } from "@quorate/rpc";
import { BoundCall } from "../watch/bound-call.js";
import type { LeaderWatch } from "./leader-watch.js";

export class LeaderBoundStream implements ServerStreamCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly deadlineMs: number | undefined;
  readonly peer: string;
  readonly peerCommonName: string | undefined;
  readonly authority: string;
  readonly #call: ServerStreamCall;
  readonly #bound: BoundCall;
  readonly #leaders: LeaderWatch;
  #onCancel: CancelListener | undefined;

  /** Call it in the handler: it takes the call's one cancel listener. */
  constructor(call: ServerStreamCall, leaders: LeaderWatch) {
    this.#call = call;
    this.#leaders = leaders;
    this.path = call.path;
    this.metadata = call.metadata;
    this.deadlineMs = call.deadlineMs;
    this.peer = call.peer;
    this.peerCommonName = call.peerCommonName;
    this.authority = call.authority;
    this.#bound = new BoundCall(call, () => {
      this.#onCancel?.("cancelled");
    });
    leaders.add(this.#bound);
    call.onCancel((reason) => {
      leaders.remove(this.#bound);
      this.#onCancel?.(reason);
    });
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

  onCancel(listener: CancelListener): void {
    this.#onCancel = listener;
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
    return this.#afterSend(this.#call.send(message));
  }

  sendParts(parts: readonly Uint8Array[]): boolean {
    return this.#afterSend(this.#call.sendParts(parts));
  }

  /** A message that the transport refuses ends the call, of which nobody else is told. */
  #afterSend(hasRoom: boolean): boolean {
    if (this.#call.ended) this.#leaders.remove(this.#bound);
    return hasRoom;
  }

  end(): void {
    this.#leaders.remove(this.#bound);
    this.#call.end();
  }

  fail(code: number, message: string): void {
    this.#leaders.remove(this.#bound);
    this.#call.fail(code, message);
  }
}
