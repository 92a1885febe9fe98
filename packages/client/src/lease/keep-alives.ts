/**
 * Renews the leases of one client over one stream, and notices when one is lost.
 *
 * A lease is renewed when a third of its time has passed. Its deadline is counted from the moment the confirmed renewal was *sent*:
 * the server counts from a later moment, so what is believed here has always ended before the server gives the keys away. When the
 * stream breaks (a member died, a leader changed) the next one goes to another member and all leases that are due are renewed there.
 *
 * Invariants: at most one request per lease is under way; whoever holds a lease hears of its loss at most once, and it is never
 * renewed afterwards. One lease may have several holders, who come and go by themselves: it was granted here and attached again.
 * Limits: one timer and one stream whatever the number of leases; the stream is opened by the first renewal and closed with the
 * last lease.
 */
import { etcdserverpb, type MessageInitShape, type MessageShape } from "@quorate/proto";
import type { Calls } from "../calls.js";
import { TIMER_MAX_MS } from "../connection/timeout.js";
import type { BidiStream } from "../transport.js";
import { onAbort } from "../session/on-abort.js";
import type { LeaseLoss } from "./lease-errors.js";

/** Renewals that are due within this time go out together. */
const WAKE_MIN_MS = 20;
/** A renewal without an answer for this long, or a third of the lease's time if that is longer, means a dead stream. */
const ANSWER_MIN_MS = 1000;
const NOT_SENT = -1;

type KeepAliveStream = BidiStream<
  MessageInitShape<typeof etcdserverpb.LeaseKeepAliveRequestSchema>,
  MessageShape<typeof etcdserverpb.LeaseKeepAliveResponseSchema>
>;

export interface KeptLease {
  readonly id: bigint;
  /** Milliseconds, as the server confirmed last. */
  ttlMs: number;
  /** When it counts as lost, on the clock of `performance.now()`. */
  deadlineMs: number;
  /** Called once, when it is lost; it has been removed by then. */
  readonly onLost: (loss: LeaseLoss) => void;
}

/** A lease of the server, with all who hold it here. */
interface Entry {
  readonly id: bigint;
  /** Each with whether it wants the lease renewed. */
  readonly holders: Map<KeptLease, boolean>;
  /** Whether any of them wants that. */
  renews: boolean;
  ttlMs: number;
  deadlineMs: number;
  dueMs: number;
  /** When the renewal under way was sent, or NOT_SENT. */
  sentMs: number;
}

/** A client and its namespaces share theirs. */
const sharedByCalls = new WeakMap<Calls, KeepAlives>();

export class KeepAlives {
  readonly #calls: Calls;
  readonly #entries = new Map<bigint, Entry>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  #stream: KeepAliveStream | undefined;
  #isRunning = false;

  private constructor(calls: Calls) {
    this.#calls = calls;
    onAbort(calls.closed, () => this.#loseAll());
  }

  static of(calls: Calls): KeepAlives {
    const present = sharedByCalls.get(calls);
    if (present !== undefined) return present;
    const created = new KeepAlives(calls);
    sharedByCalls.set(calls, created);
    return created;
  }

  /** @param renews false for a lease that is only watched until its time has run out. */
  add(lease: KeptLease, renews: boolean): void {
    if (this.#calls.closed.aborted) {
      lease.onLost("ended");
      return;
    }
    const { id, ttlMs, deadlineMs } = lease;
    const sentMs = deadlineMs - ttlMs;
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      const dueMs = sentMs + ttlMs / 3;
      entry = { id, holders: new Map([[lease, renews]]), renews, ttlMs, deadlineMs, dueMs, sentMs: NOT_SENT };
      this.#entries.set(id, entry);
    } else {
      entry.holders.set(lease, renews);
      entry.renews ||= renews;
      confirm(entry, sentMs, ttlMs);
    }
    this.#wakeAt(this.#nextMs(entry));
  }

  /** For this holder the lease is neither renewed nor reported from here on; for others it is. */
  remove(lease: KeptLease): void {
    const entry = this.#entries.get(lease.id);
    if (entry?.holders.delete(lease) !== true) return;
    entry.renews = [...entry.holders.values()].includes(true);
    if (entry.holders.size > 0) return;
    this.#entries.delete(lease.id);
    if (this.#entries.size === 0) this.#rest();
  }

  /** Takes note of a renewal that was confirmed by other means. */
  renewed(id: bigint, sentMs: number, ttlSeconds: number): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) confirm(entry, sentMs, ttlSeconds * 1000);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  #loseAll(): void {
    for (const entry of [...this.#entries.values()]) this.#lose(entry, "ended");
  }

  #lose(entry: Entry, loss: LeaseLoss): void {
    if (!this.#entries.delete(entry.id)) return;
    if (this.#entries.size === 0) this.#rest();
    for (const lease of [...entry.holders.keys()]) lease.onLost(loss);
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const delayMs = Math.max(WAKE_MIN_MS, atMs - performance.now());
    this.#timer = setTimeout(() => this.#onTimer(), Math.min(delayMs, TIMER_MAX_MS));
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    const nowMs = performance.now();
    let isStale = false;
    let isDue = false;
    for (const entry of [...this.#entries.values()]) {
      if (nowMs >= entry.deadlineMs) {
        this.#lose(entry, entry.renews ? "unrenewed" : "expired");
      } else if (entry.sentMs !== NOT_SENT) {
        isStale ||= nowMs >= staleMs(entry);
      } else {
        isDue ||= entry.renews && nowMs >= entry.dueMs;
      }
    }
    // Its end opens the next one.
    if (isStale) this.#dropStream();
    if (isDue) {
      if (this.#isRunning) this.#sendDue();
      else void this.#run();
    }
    this.#schedule();
  }

  #dropStream(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
  }

  #schedule(): void {
    let nextMs = Infinity;
    for (const entry of this.#entries.values()) nextMs = Math.min(nextMs, this.#nextMs(entry));
    if (nextMs < Infinity) this.#wakeAt(nextMs);
  }

  /** When something has to be done about the lease. */
  #nextMs(entry: Entry): number {
    const { deadlineMs } = entry;
    // While there is no stream, its opening sends what is due.
    if (!entry.renews || (this.#isRunning && this.#stream === undefined)) return deadlineMs;
    return Math.min(deadlineMs, entry.sentMs === NOT_SENT ? entry.dueMs : staleMs(entry));
  }

  #sendDue(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const nowMs = performance.now();
    for (const entry of this.#entries.values()) {
      if (!entry.renews || entry.sentMs !== NOT_SENT || nowMs < entry.dueMs) continue;
      entry.sentMs = nowMs;
      // A stream that takes no more is at its end, which its reader sees.
      stream.send({ ID: entry.id }).catch(() => undefined);
    }
  }

  /** Keeps a stream open as long as there are leases. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let failures = 0; this.#entries.size > 0 && !this.#calls.closed.aborted; failures += 1) {
      try {
        const stream = this.#calls.bidi(etcdserverpb.Lease.method.leaseKeepAlive, { requireLeader: true });
        this.#open(stream);
        for await (const { ID: id, TTL: ttl } of stream) {
          failures = 0;
          this.#onAnswer(id, Number(ttl));
        }
      } catch {
        // What kept it from renewing does not matter: another attempt follows until the leases' time has run out.
      }
      this.#dropStream();
      if (this.#entries.size === 0) break;
      await this.#calls.backOff(failures).catch(() => undefined);
    }
    this.#isRunning = false;
    this.#schedule();
  }

  #open(stream: KeepAliveStream): void {
    this.#stream = stream;
    for (const entry of this.#entries.values()) {
      // What the last stream left without an answer is due again.
      if (entry.sentMs !== NOT_SENT) entry.dueMs = Math.min(entry.dueMs, entry.sentMs);
      entry.sentMs = NOT_SENT;
    }
    this.#sendDue();
    this.#schedule();
  }

  #onAnswer(id: bigint, ttlSeconds: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (ttlSeconds <= 0) return this.#lose(entry, "expired");
    if (entry.sentMs === NOT_SENT) return;
    confirm(entry, entry.sentMs, ttlSeconds * 1000);
    this.#wakeAt(this.#nextMs(entry));
  }
}

function staleMs({ sentMs, ttlMs }: Entry): number {
  return sentMs + Math.max(ANSWER_MIN_MS, ttlMs / 3);
}

function confirm(entry: Entry, sentMs: number, ttlMs: number): void {
  entry.ttlMs = ttlMs;
  entry.deadlineMs = Math.max(entry.deadlineMs, sentMs + ttlMs);
  entry.dueMs = sentMs + ttlMs / 3;
  entry.sentMs = NOT_SENT;
  for (const lease of entry.holders.keys()) {
    lease.ttlMs = ttlMs;
    lease.deadlineMs = entry.deadlineMs;
  }
}
