/**
 * One Watch stream: requests one after the other, each answered at once; events as far as the client takes them.
 *
 * Nothing is queued here. When the transport holds `streamBufferBytes` for the client, the hub is told to wait, and requests are
 * not read either, so that their answers do not pile up; both go on when the client has taken what there was.
 */
import {
  type WatchBody,
  type WatchHub,
  type WatchStream,
  WireError,
  type WireReader,
} from "@quorate/machine";
import { ERRORS } from "@quorate/proto";
import type { BidiCall, CallBase } from "@quorate/rpc";
import type { SchedulerPort } from "../../member/ports.js";
import type { WatchMeters } from "../../metrics/watch-meters.js";
import type { MemberFailure } from "../member-port.js";
import { failCall, failMalformed } from "../to-status.js";
import { BoundCall } from "./bound-call.js";
import { fragmentBody } from "./fragment-body.js";
import { decodeWatchRequest, type WatchRequest } from "./watch-request.js";
import type { WatchResponses } from "./watch-responses.js";

/** How often a stream looks whether its connection has room again that was full because of others. */
export const CONGESTION_LOOK_MS = 100;

const REFUSAL_REASONS = {
  "empty-range": "mvcc: watcher range is empty",
  "duplicate-id": "mvcc: duplicate watch ID provided on the WatchStream",
} as const;

/** Why a caller may not watch [key, rangeEnd), which are as it sent them; undefined when it may. The text is its cancel_reason. */
export type AuthorizeWatch = (call: CallBase, key: Uint8Array, rangeEnd: Uint8Array) => string | undefined;

export interface WatchCallParts {
  readonly hub: WatchHub;
  readonly responses: WatchResponses;
  readonly store: () => { readonly revision: number };
  /** Ends calls whose callers insist on a leader when there is none. */
  readonly leaders: { add(call: CallBase): void; remove(call: CallBase): void };
  readonly scheduler: Pick<SchedulerPort, "after" | "every">;
  readonly meters: WatchMeters;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly authorize: AuthorizeWatch;
  /** Responses of watchers that take fragments are cut at this size. */
  readonly fragmentBytesMax: number;
  /** Time between rounds of progress notifications, chosen for each stream. */
  readonly progressIntervalMs: () => number;
  /** Shared by all streams: requests are read to the end in one go. */
  readonly reader: WireReader;
  readonly onClosed: (call: WatchCall) => void;
}

export class WatchCall {
  readonly #call: BidiCall;
  readonly #bound: BoundCall;
  readonly #parts: WatchCallParts;
  readonly #stream: WatchStream;
  #isPaused = false;
  #cancelProgress: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;

  constructor(call: BidiCall, parts: WatchCallParts) {
    this.#call = call;
    this.#parts = parts;
    this.#bound = new BoundCall(call, () => {
      this.#close();
    });
    this.#stream = parts.hub.openStream(this);
  }

  /** Call it in the handler. */
  start(): void {
    const call = this.#call;
    this.#parts.leaders.add(this.#bound);
    call.onCancel(() => {
      this.#close();
    });
    call.onDrain(() => {
      this.#drained();
    });
    // A client that has no more to ask may still listen.
    call.onMessage((message) => {
      this.#receive(message);
    });
  }

  /** Ends the stream for a reason of ours. */
  fail(failure: MemberFailure): void {
    failCall(this.#bound, failure);
  }

  #close(): void {
    this.#stream.close();
    this.#parts.leaders.remove(this.#bound);
    this.#cancelProgress?.();
    this.#cancelLook?.();
    this.#parts.onClosed(this);
  }

  // Requests

  #receive(message: Uint8Array): void {
    if (this.#call.ended) return;
    const request = this.#decode(message);
    switch (request?.kind) {
      case "create":
        this.#create(request.spec);
        return;
      case "cancel": {
        const { low, high } = request.id;
        const revision = this.#stream.cancel(request.id);
        if (revision !== undefined) this.#answer(this.#parts.responses.cancelled(low, high, revision));
        return;
      }
      case "progress":
        this.#stream.requestProgress();
        return;
      default:
    }
  }

  #decode(message: Uint8Array): WatchRequest | undefined {
    try {
      return decodeWatchRequest(this.#parts.reader, message);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      failMalformed(this.#bound, "stream");
      return undefined;
    }
  }

  #create(spec: Parameters<WatchStream["create"]>[0]): void {
    const { responses, authorize } = this.#parts;
    const reason =
      spec.startRevision < 0 ? ERRORS.compacted.message : authorize(this.#call, spec.key, spec.rangeEnd);
    if (reason !== undefined) {
      this.#refuse(reason);
      return;
    }
    const created = this.#stream.create(spec);
    if ("refusal" in created) {
      this.#refuse(REFUSAL_REASONS[created.refusal]);
      return;
    }
    const { id, revision } = created;
    if (spec.progress) this.#notifyOfProgress();
    this.#answer(responses.created(id.low, id.high, revision));
  }

  #refuse(reason: string): void {
    const { responses, store } = this.#parts;
    this.#answer(responses.refused(reason, store().revision));
  }

  #notifyOfProgress(): void {
    this.#cancelProgress ??= this.#parts.scheduler.every(this.#parts.progressIntervalMs(), () => {
      this.#stream.tellProgress();
    });
  }

  #answer(response: Uint8Array): void {
    const { meters, nowMs } = this.#parts;
    const startMs = nowMs();
    if (!this.#afterSend(this.#call.send(response))) this.#stream.holdBack();
    meters.controlSeconds.observe((nowMs() - startMs) / 1000);
  }

  // Responses of the hub

  sendEvents(idLow: number, idHigh: number, body: WatchBody): boolean {
    const { meters, nowMs } = this.#parts;
    if (!meters.startSending(body.eventCount)) return this.#sendEvents(idLow, idHigh, body);
    const { eventCount } = body;
    const startMs = nowMs();
    const isOpen = this.#sendEvents(idLow, idHigh, body);
    meters.sent((nowMs() - startMs) / 1000, eventCount);
    return isOpen;
  }

  #sendEvents(idLow: number, idHigh: number, body: WatchBody): boolean {
    const { responses, fragmentBytesMax } = this.#parts;
    const { buffer, headerRevision } = body;
    if (!body.isShared) {
      const start = responses.writePrefix(buffer, body.start, idLow, idHigh, headerRevision);
      return this.#afterSend(this.#call.send(buffer.subarray(start, body.end)));
    }
    const prefix = responses.prefix(idLow, idHigh, headerRevision, false);
    const pieces = body.mayFragment ? fragmentBody(body, prefix.length, fragmentBytesMax) : [body];
    let hasRoom = true;
    pieces.forEach(({ start, end }, i) => {
      const isLast = i === pieces.length - 1;
      const own = isLast ? prefix : responses.prefix(idLow, idHigh, headerRevision, true);
      hasRoom = this.#call.sendParts([own, buffer.subarray(start, end)]);
    });
    return this.#afterSend(hasRoom);
  }

  sendCompacted(idLow: number, idHigh: number, compactRevision: number): boolean {
    return this.#afterSend(this.#call.send(this.#parts.responses.compacted(idLow, idHigh, compactRevision)));
  }

  sendProgress(idLow: number, idHigh: number, revision: number): boolean {
    const { meters, nowMs, responses } = this.#parts;
    const startMs = nowMs();
    const isOpen = this.#afterSend(this.#call.send(responses.progress(idLow, idHigh, revision)));
    meters.progressSeconds.observe((nowMs() - startMs) / 1000);
    return isOpen;
  }

  // Flow control

  /** @returns whether the client takes more. */
  #afterSend(hasRoom: boolean): boolean {
    const call = this.#call;
    if (call.ended) {
      // It was too long for the transport.
      this.#close();
      return true;
    }
    if (hasRoom && !call.congested) return true;
    // The call says when it has been read, but not when the connection has been that it shares with others.
    if (hasRoom) this.#lookLater();
    if (!this.#isPaused) {
      this.#isPaused = true;
      call.pause();
    }
    return false;
  }

  #lookLater(): void {
    this.#cancelLook ??= this.#parts.scheduler.after(CONGESTION_LOOK_MS, () => {
      this.#cancelLook = undefined;
      this.#drained();
    });
  }

  #drained(): void {
    if (this.#call.ended) return;
    if (this.#call.congested) {
      this.#lookLater();
      return;
    }
    this.#isPaused = false;
    this.#stream.drained();
    this.#call.resume();
  }
}
