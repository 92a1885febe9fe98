/**
 * One overview for all who look: members are asked once per interval however many browsers are open, and not at all when none is.
 *
 * Everybody is given the newest overview when they come for it; what nobody came for in time is skipped, so no queue grows.
 */
import type { consolepb } from "@quorate/proto";
import { describeOverview } from "./describe-overview.js";

/** Between the end of a look at the members and the next one. */
const LOOK_EVERY_MS = 1000;
/** An overview is told again after this time although nothing changed. */
const TELL_EVERY_MS = 3000;
/** A look this young answers a single question too. */
const FRESH_MS = 500;

export type Gather = (signal: AbortSignal) => Promise<consolepb.GetOverviewResponse>;

export class OverviewFeed {
  readonly #gather: Gather;
  #looking: Promise<consolepb.GetOverviewResponse> | undefined;
  #newest: { readonly overview: consolepb.GetOverviewResponse; readonly atMs: number } | undefined;

  constructor(gather: Gather) {
    this.#gather = gather;
  }

  /** The newest; looks when it is older than `FRESH_MS`. Those who ask meanwhile share the look. */
  async read(): Promise<consolepb.GetOverviewResponse> {
    if (this.#newest !== undefined && performance.now() - this.#newest.atMs < FRESH_MS)
      return this.#newest.overview;
    this.#looking ??= this.#look();
    return this.#looking;
  }

  /** Ends when `signal` aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<consolepb.GetOverviewResponse, void, void> {
    let told = "";
    let toldAtMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const overview = await this.read();
      if (signal.aborted) return;
      const description = describeOverview(overview);
      if (description !== told || performance.now() - toldAtMs >= TELL_EVERY_MS) {
        told = description;
        toldAtMs = performance.now();
        yield overview;
      }
      await sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #look(): Promise<consolepb.GetOverviewResponse> {
    try {
      // Not one caller's signal: others may share the look, and its own deadlines end it.
      const overview = await this.#gather(AbortSignal.timeout(30_000));
      this.#newest = { overview, atMs: performance.now() };
      return overview;
    } finally {
      this.#looking = undefined;
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
