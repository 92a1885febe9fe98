import type { consolepb } from "@quorate/proto";
import type { Clients } from "./clients.js";
import { stream } from "./clients.js";
import { startFeed } from "./live-feed.js";

export interface OverviewSnapshot {
  /** `stale` keeps the last overview on the screen while the server does not answer. */
  readonly state: "connecting" | "live" | "stale";
  readonly overview?: consolepb.GetOverviewResponse;
  readonly error?: unknown;
}

/** One stream of overviews per cluster, shared by every component that looks at it. */
export class OverviewFeed {
  readonly #clients: Clients;
  readonly #listeners = new Set<() => void>();
  #snapshot: OverviewSnapshot = { state: "connecting" };
  #stop: (() => void) | undefined;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    clearTimeout(this.#stopTimer);
    this.#stop ??= this.#start();
    return () => {
      this.#listeners.delete(listener);
      // A change of screens unmounts and mounts at once; the stream outlives that.
      if (this.#listeners.size === 0) this.#stopTimer = setTimeout(() => this.#end(), lingerMs);
    };
  };

  readonly snapshot = (): OverviewSnapshot => this.#snapshot;

  #start(): () => void {
    return startFeed({
      consume: async (signal, live) => {
        for await (const overview of this.#clients.console.watchOverview({}, stream(signal))) {
          live();
          this.#set({ state: "live", overview });
        }
      },
      onState: (state, error) => {
        if (state !== "lost") return;
        const { overview } = this.#snapshot;
        this.#set({ state: "stale", error, ...(overview === undefined ? {} : { overview }) });
      },
    });
  }

  #end(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #set(snapshot: OverviewSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }
}

const lingerMs = 1000;
