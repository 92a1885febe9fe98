/**
 * The Watch service: one method, each of whose streams carries any number of watchers. What they are told comes from the hub of
 * this member, whoever leads. Source: kv-watch-lease 7.
 */
import { type WatchHub, WireReader } from "@quorate/machine";
import type { BidiCall } from "@quorate/rpc";
import type { SchedulerPort } from "../../member/ports.js";
import { WatchMeters } from "../../metrics/watch-meters.js";
import type { GuardedMethod } from "../guard.js";
import type { HeaderSource } from "../header.js";
import { type AuthorizeWatch, WatchCall, type WatchCallParts } from "./watch-call.js";
import { WatchResponses } from "./watch-responses.js";

/** Time between rounds of progress notifications, and by how much of it streams differ at most (etcd). */
export const PROGRESS_INTERVAL_MS: number = 10 * 60 * 1000;
const PROGRESS_SPREAD_PERCENT = 10;
/** What a response may be longer than the longest request before it is cut for those who want that (etcd). */
const FRAGMENT_OVERHEAD_BYTES: number = 512 * 1024;

export interface WatchServiceOptions {
  readonly member: HeaderSource;
  readonly hub: WatchHub;
  /** Ends streams whose callers insist on a leader (metadata `hasleader`) when there is none for too long. */
  readonly leaders: WatchCallParts["leaders"];
  readonly scheduler: Pick<SchedulerPort, "after" | "every">;
  /** --max-request-bytes. */
  readonly requestBytesMax: number;
  /** --watch-progress-notify-interval, in ms. */
  readonly progressIntervalMs?: number;
  /** Uniform integer in [0, bound): spreads the progress notifications of streams that began together. */
  readonly random?: (bound: number) => number;
  /** Counted into; nobody reads them by default. */
  readonly meters?: WatchMeters;
  /** Monotonic milliseconds; without, everything takes no time. */
  readonly nowMs?: () => number;
  /** Who may watch what; everybody everything without it. */
  readonly authorize?: AuthorizeWatch;
}

export class WatchService {
  readonly #options: WatchServiceOptions;
  /** Shared by all streams. */
  readonly #parts: WatchCallParts;
  readonly #calls = new Set<WatchCall>();
  #isStopped = false;

  constructor(options: WatchServiceOptions) {
    this.#options = options;
    const { hub, leaders, scheduler, member, requestBytesMax } = options;
    this.#parts = {
      hub,
      responses: new WatchResponses(member),
      store: () => member.store,
      leaders,
      scheduler,
      meters: options.meters ?? new WatchMeters(),
      nowMs: options.nowMs ?? (() => 0),
      authorize: options.authorize ?? allowAll,
      fragmentBytesMax: requestBytesMax + FRAGMENT_OVERHEAD_BYTES,
      progressIntervalMs: () => this.#progressIntervalMs(),
      reader: new WireReader(),
      onClosed: (closed) => void this.#calls.delete(closed),
    };
  }

  /** The methods of `etcdserverpb.Watch`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return { Watch: { method: { kind: "bidi", handler: this.#handleWatch }, onLearner: false } };
  }

  /** Streams open at present. */
  get streamCount(): number {
    return this.#calls.size;
  }

  /** The member stops: ends all streams, so that their clients go elsewhere. */
  stop(): void {
    this.#isStopped = true;
    for (const call of [...this.#calls]) call.fail("stopped");
  }

  readonly #handleWatch = (call: BidiCall): void => {
    const watch = new WatchCall(call, this.#parts);
    this.#calls.add(watch);
    watch.start();
    if (this.#isStopped) watch.fail("stopped");
  };

  #progressIntervalMs(): number {
    const { progressIntervalMs = PROGRESS_INTERVAL_MS, random } = this.#options;
    const spread = Math.floor((progressIntervalMs * PROGRESS_SPREAD_PERCENT) / 100);
    return progressIntervalMs + (random === undefined || spread < 1 ? 0 : random(spread));
  }
}

function allowAll(): undefined {
  return undefined;
}
