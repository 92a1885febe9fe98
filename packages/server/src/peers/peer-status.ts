/** Whether a peer answers, and since when. Says so to operators in etcd's words, once per change. */
import { formatHexId } from "@quorate/proto";
import type { ClockPort, ReportPort } from "../member/ports.js";

export interface PeerFailure {
  /** What was tried: `dial`, `read`, `write`, `post`. */
  readonly action: string;
  /** Over what: a kind of stream, `pipeline`, `snapshot`. */
  readonly source: string;
  readonly reason: string;
}

export class PeerStatus {
  readonly #id: bigint;
  readonly #clock: Pick<ClockPort, "monotonicMs">;
  readonly #report: ReportPort;
  readonly #onInactive: () => void;
  #activeSinceMs: number | undefined = undefined;

  constructor(
    id: bigint,
    { clock, report }: { readonly clock: Pick<ClockPort, "monotonicMs">; readonly report: ReportPort },
    onInactive: () => void = () => undefined,
  ) {
    this.#id = id;
    this.#clock = clock;
    this.#report = report;
    this.#onInactive = onInactive;
  }

  /** Monotonic milliseconds; undefined while the peer does not answer. */
  get activeSinceMs(): number | undefined {
    return this.#activeSinceMs;
  }

  activate(): void {
    if (this.#activeSinceMs !== undefined) return;
    this.#activeSinceMs = this.#clock.monotonicMs();
    this.#report.info("peer became active", { "peer-id": formatHexId(this.#id) });
  }

  deactivate({ action, source, reason }: PeerFailure): void {
    if (this.#activeSinceMs === undefined) return;
    this.#activeSinceMs = undefined;
    this.#onInactive();
    const id = formatHexId(this.#id);
    this.#report.warn("peer became inactive (message send to peer failed)", {
      "peer-id": id,
      error: `failed to ${action} ${id} on ${source} (${reason})`,
    });
  }
}
