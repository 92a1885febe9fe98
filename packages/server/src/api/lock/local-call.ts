/** A call that a service of this member makes to another one, as a client would, without a connection in between. */
import type { CallBase, CancelListener, Metadata, UnaryCall, UnaryHandler } from "@quorate/rpc";

/** What a call was answered. */
export type LocalAnswer = { readonly message: Uint8Array } | { readonly code: number; readonly text: string };

/** On whose behalf. */
export type Principal = Pick<CallBase, "peer" | "peerCommonName" | "metadata">;

/** Calls `handler` on behalf of `caller`, whose permissions it has and whose share of the server's reads it counts against. */
export function callLocally(
  handler: UnaryHandler,
  message: Uint8Array,
  caller: Principal,
): Promise<LocalAnswer> {
  return new Promise((resolve) => {
    handler(new LocalCall(caller, resolve), message);
  });
}

class LocalCall implements UnaryCall {
  readonly path = "";
  readonly metadata: Metadata;
  readonly deadlineMs = undefined;
  readonly peer: string;
  readonly peerCommonName: string | undefined;
  readonly authority = "";
  readonly congested = false;
  ended = false;
  readonly #resolve: (answer: LocalAnswer) => void;

  constructor(caller: Principal, resolve: (answer: LocalAnswer) => void) {
    this.metadata = caller.metadata;
    this.peer = caller.peer;
    this.peerCommonName = caller.peerCommonName;
    this.#resolve = resolve;
  }

  /** What has begun is carried through: a recipe must know whether its key was written. */
  onCancel(_listener: CancelListener): void {
    return;
  }

  setHeader(): void {
    return;
  }

  setTrailer(): void {
    return;
  }

  reply(message: Uint8Array, start = 0, end: number = message.length): void {
    this.#finish({ message: message.slice(start, end) });
  }

  replyParts(parts: readonly Uint8Array[]): void {
    let size = 0;
    for (const part of parts) size += part.length;
    const message = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      message.set(part, at);
      at += part.length;
    }
    this.#finish({ message });
  }

  fail(code: number, text: string): void {
    this.#finish({ code, text });
  }

  #finish(answer: LocalAnswer): void {
    if (this.ended) return;
    this.ended = true;
    this.#resolve(answer);
  }
}
