/**
 * Asks every peer now and then whether it is there, how long it takes to answer and what time it has there. Nothing depends on it:
 * operators read of slow networks and of clocks that drift. Source: reference raft-peers-formats 3.8.
 */
import { formatHexId } from "@quorate/proto";
import type { ClockPort, ReportPort } from "../member/ports.js";
import { errorText, joinUrl, openRequest, type Connector } from "./http-request.js";
import {
  ANSWER_BYTES_MAX,
  CLOCK_DRIFT_MAX_MS,
  PROBE_INTERVAL_MS,
  PROBE_TIMEOUT_MS,
  PROBE_WARNING_INTERVAL_MS,
} from "./limits.js";
import { readText } from "./read-body.js";
import { UrlPicker } from "./url-picker.js";

/** Weight of the newest round trip in the smoothed one, as in TCP. */
const ROUND_TRIP_WEIGHT = 1 / 8;

export interface ProberOptions {
  readonly connector: Connector;
  readonly clock: ClockPort;
  readonly report: ReportPort;
  /** Default `PROBE_INTERVAL_MS`; shorter in tests. */
  readonly intervalMs?: number | undefined;
  /** Called with each smoothed round trip. */
  readonly onRoundTrip?: (id: bigint, ms: number) => void;
}

interface Probed {
  readonly picker: UrlPicker;
  readonly timer: NodeJS.Timeout;
  asking: boolean;
  roundTripMs: number | undefined;
  unhealthyToldAtMs: number;
  driftToldAtMs: number;
}

interface ProbeAnswer {
  readonly roundTripMs: number;
  /** How far the peer's clock is ahead; what the way took is counted half. */
  readonly driftMs: number;
}

export class Prober {
  readonly #options: ProberOptions;
  readonly #probed = new Map<bigint, Probed>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Smoothed milliseconds to the peer and back; undefined before the first answer. */
  roundTripMs(id: bigint): number | undefined {
    return this.#probed.get(id)?.roundTripMs;
  }

  add(id: bigint, urls: readonly string[]): void {
    this.remove(id);
    const probed: Probed = {
      picker: new UrlPicker(urls),
      timer: setInterval(() => this.#probe(id, probed), this.#options.intervalMs ?? PROBE_INTERVAL_MS),
      asking: false,
      roundTripMs: undefined,
      unhealthyToldAtMs: -Infinity,
      driftToldAtMs: -Infinity,
    };
    this.#probed.set(id, probed);
  }

  remove(id: bigint): void {
    clearInterval(this.#probed.get(id)?.timer);
    this.#probed.delete(id);
  }

  stop(): void {
    for (const id of [...this.#probed.keys()]) this.remove(id);
  }

  #probe(id: bigint, probed: Probed): void {
    if (probed.asking) return;
    probed.asking = true;
    const url = probed.picker.pick();
    this.#ask(url).then(
      (answer) => {
        probed.asking = false;
        if (this.#probed.get(id) === probed) this.#answered(id, probed, answer);
      },
      (error: unknown) => {
        probed.asking = false;
        probed.picker.unreachable(url);
        if (this.#probed.get(id) === probed) this.#failed(id, probed, errorText(error));
      },
    );
  }

  async #ask(url: string): Promise<ProbeAnswer> {
    const { connector, clock } = this.#options;
    const askedAtMs = clock.monotonicMs();
    const text = await getText(joinUrl(url, "/raft/probing"), connector);
    const answeredAtUnixMs = clock.unixMs();
    const roundTripMs = clock.monotonicMs() - askedAtMs;
    const { OK: well, Now: now } = JSON.parse(text) as { OK?: unknown; Now?: unknown };
    const peerUnixMs = Date.parse(String(now));
    if (well !== true || Number.isNaN(peerUnixMs)) throw new Error("unexpected answer to a probe");
    return { roundTripMs, driftMs: peerUnixMs + roundTripMs / 2 - answeredAtUnixMs };
  }

  #answered(id: bigint, probed: Probed, { roundTripMs, driftMs }: ProbeAnswer): void {
    const before = probed.roundTripMs ?? roundTripMs;
    probed.roundTripMs = before + (roundTripMs - before) * ROUND_TRIP_WEIGHT;
    this.#options.onRoundTrip?.(id, probed.roundTripMs);
    if (Math.abs(driftMs) <= CLOCK_DRIFT_MAX_MS) return;
    const { clock, report } = this.#options;
    if (clock.monotonicMs() - probed.driftToldAtMs < PROBE_WARNING_INTERVAL_MS) return;
    probed.driftToldAtMs = clock.monotonicMs();
    report.warn("prober found high clock drift", {
      "remote-peer-id": formatHexId(id),
      "clock-drift": formatMs(driftMs),
      rtt: formatMs(probed.roundTripMs),
    });
  }

  #failed(id: bigint, probed: Probed, reason: string): void {
    const { clock, report } = this.#options;
    if (clock.monotonicMs() - probed.unhealthyToldAtMs < PROBE_WARNING_INTERVAL_MS) return;
    probed.unhealthyToldAtMs = clock.monotonicMs();
    report.warn("prober detected unhealthy status", {
      "remote-peer-id": formatHexId(id),
      rtt: formatMs(probed.roundTripMs ?? 0),
      error: reason,
    });
  }
}

function getText(url: string, connector: Connector): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = openRequest(url, { method: "GET" }, connector);
    const timer = setTimeout(() => request.destroy(new Error("i/o timeout")), PROBE_TIMEOUT_MS);
    request.once("close", () => clearTimeout(timer));
    request.on("error", reject);
    request.once("response", (response) => {
      response.on("error", reject);
      readText(response, ANSWER_BYTES_MAX).then(resolve, reject);
    });
    request.end();
  });
}

/** As Go prints durations of this size. */
function formatMs(ms: number): string {
  return Math.abs(ms) >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${ms.toFixed(3)}ms`;
}
