/**
 * One LeaseKeepAlive stream. Renewals of one stream run side by side, so that a follower's way to the leader is paid once for
 * many, and are answered in the order of their requests.
 *
 *     requests --> [ renewal | renewal | renewal ... ] --> answers, oldest first
 *                   at most RENEWALS_IN_FLIGHT_MAX; more wait in the client's flow-control window
 *
 * A failure ends the stream behind the answers that come before it; a lease that is gone is no failure: its TTL is 0.
 */
import { WireError, WireReader, WireWriter } from "@quorate/machine";
import type { BidiCall } from "@quorate/rpc";
import type { Permissions } from "../auth/permissions.js";
import type { ResponseHeaders } from "../header.js";
import type { MemberFailure } from "../member-port.js";
import type { LeasePort } from "../ports/lease-port.js";
import { failCall, failMalformed } from "../to-status.js";
import type { LeaderWatch } from "./leader-watch.js";

/** Renewals of one stream that are not answered yet. */
export const RENEWALS_IN_FLIGHT_MAX = 64;
const ANSWER_BYTES = 64;
const TAG_ID = 0x08;
const TAG_ANSWER_ID = 0x10;
const TAG_ANSWER_TTL = 0x18;

export interface KeepAliveParts {
  readonly headers: ResponseHeaders;
  readonly leases: LeasePort;
  readonly permissions: Permissions;
  readonly leaders: LeaderWatch;
  readonly onError: (error: unknown) => void;
}

interface Renewal {
  readonly id: bigint;
  /** The header as it was before the renewal: its revision never exceeds one at which the lease was still there. */
  readonly header: Uint8Array;
  result: { readonly ttl: bigint } | { readonly failure: MemberFailure } | undefined;
}

export class KeepAliveStream {
  readonly #call: BidiCall;
  readonly #parts: KeepAliveParts;
  readonly #reader: WireReader = new WireReader();
  readonly #writer: WireWriter = new WireWriter(ANSWER_BYTES);
  /** Oldest first; at most `RENEWALS_IN_FLIGHT_MAX`. */
  readonly #renewals: Renewal[] = [];
  /** The client leaves answers unread. */
  #isBlocked = false;
  #isPaused = false;
  #hasHalfClosed = false;

  constructor(call: BidiCall, parts: KeepAliveParts) {
    this.#call = call;
    this.#parts = parts;
  }

  start(): void {
    const call = this.#call;
    this.#parts.leaders.add(call);
    call.onCancel(() => {
      this.#parts.leaders.remove(call);
      this.#renewals.length = 0;
    });
    call.onDrain(() => {
      this.#isBlocked = false;
      this.#answer();
    });
    call.onEnd(() => {
      this.#hasHalfClosed = true;
      this.#answer();
    });
    call.onMessage((message) => {
      this.#receive(message);
    });
  }

  #receive(message: Uint8Array): void {
    if (this.#call.ended) return;
    const id = readLeaseId(this.#reader, message);
    if (id === undefined) {
      this.#parts.leaders.remove(this.#call);
      failMalformed(this.#call, "stream");
      return;
    }
    this.#writer.reset();
    this.#parts.headers.write(this.#writer, 0);
    const renewal: Renewal = { id, header: this.#writer.copy(), result: undefined };
    this.#renewals.push(renewal);
    this.#throttle();
    const refusal = this.#parts.permissions.checkLease(this.#call, "write", id);
    if (refusal !== undefined) {
      renewal.result = { failure: refusal };
      this.#answer();
      return;
    }
    this.#parts.leases.renew(id).then((result) => {
      renewal.result = result;
      this.#answer();
    }, this.#parts.onError);
  }

  #throttle(): void {
    const isFull = this.#renewals.length >= RENEWALS_IN_FLIGHT_MAX;
    if (isFull === this.#isPaused || this.#call.ended) return;
    this.#isPaused = isFull;
    if (isFull) this.#call.pause();
    else this.#call.resume();
  }

  /** Sends the answers that are due, as far as the client takes them. */
  #answer(): void {
    const call = this.#call;
    while (!this.#isBlocked && !call.ended) {
      const renewal = this.#renewals[0];
      if (renewal?.result === undefined) break;
      this.#renewals.shift();
      const { result } = renewal;
      if ("failure" in result) {
        this.#parts.leaders.remove(call);
        failCall(call, result.failure);
        return;
      }
      this.#isBlocked = !call.send(this.#encode(renewal, result.ttl));
    }
    this.#throttle();
    if (!this.#hasHalfClosed || this.#renewals.length > 0 || call.ended) return;
    this.#parts.leaders.remove(call);
    call.end();
  }

  #encode({ id, header }: Renewal, ttl: bigint): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    writer.raw(header, 0, header.length);
    writer.bigInt64(TAG_ANSWER_ID, id);
    writer.bigInt64(TAG_ANSWER_TTL, ttl);
    return writer.copy();
  }
}

/** The id that a LeaseKeepAliveRequest names; undefined when it is none. */
function readLeaseId(reader: WireReader, message: Uint8Array): bigint | undefined {
  reader.reset(message, 0, message.length);
  let id = 0n;
  try {
    while (reader.position < reader.end) {
      const tag = reader.tag();
      if (tag === TAG_ID) id = reader.bigInt64();
      else reader.skip(tag);
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
  return id;
}
