import type { ReactElement } from "react";
import { classNames } from "../../ui/index.js";
import { countDown, describeLeft, formatLeft } from "./countdown.js";
import type { LeaseView } from "./countdown.js";
import "./leases.css";

export interface TimeLeftProps {
  readonly lease: Pick<LeaseView, "grantedSeconds" | "leftSeconds" | "seenAtMs">;
  /** One clock for all rows, so that they tick together. */
  readonly nowMs: number;
}

/** What is left of a lease, counting down: figure, and a bar where it is known of how much. The colour repeats what the words say. */
export function TimeLeft({ lease, nowMs }: TimeLeftProps): ReactElement {
  const left = countDown(lease, nowMs);
  const words =
    left.phase === "gone" ? "expired" : left.phase === "due" ? "due" : formatLeft(left.leftSeconds);
  return (
    <span className={classNames("leases-left", `is-${left.phase}`)} title={describeLeft(left)}>
      {lease.grantedSeconds > 0 && (
        <span className="leases-left-bar" aria-hidden>
          <i style={{ width: `${left.fraction * 100}%` }} />
        </span>
      )}
      <span className="leases-left-text">{words}</span>
    </span>
  );
}
