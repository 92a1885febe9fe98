import type { ReactElement } from "react";
import type { OverviewSnapshot } from "../data/index.js";

export interface RingSegment {
  readonly id: string;
  readonly state: "leader" | "up" | "down";
}

export interface RingState {
  readonly segments: readonly RingSegment[];
  readonly quorum: "yes" | "no" | "unknown";
  /** The same in words. */
  readonly label: string;
}

/** What the ring shows of an overview: one segment per voting member. */
export function ringState({ state, overview }: OverviewSnapshot): RingState {
  if (overview === undefined) return { segments: [], quorum: "unknown", label: "Cluster not known yet" };
  const voters = overview.members.filter(({ member }) => member?.isLearner !== true);
  const segments = voters.map(({ member, status, refused }): RingSegment => {
    const id = member?.ID ?? 0n;
    if (state === "stale" || (status === undefined && !refused))
      return { id: id.toString(16), state: "down" };
    return { id: id.toString(16), state: id === overview.leaderId ? "leader" : "up" };
  });
  const up = segments.filter((segment) => segment.state !== "down").length;
  if (state === "stale") return { segments, quorum: "unknown", label: "Connection lost; last known state" };
  const quorum = overview.hasQuorum ? "yes" : "no";
  const members =
    segments.length === 1 ? "The only member answers" : `${up} of ${segments.length} members answer`;
  const alone = segments.length === 1 && up === 0 ? "The only member does not answer" : members;
  return { segments, quorum, label: `${alone}, ${overview.hasQuorum ? "quorum holds" : "no quorum"}` };
}

const radius = 11.5;
const gapDegrees = 16;

/** The mark of the product, drawn from the cluster it looks at: a segment per voter, amber for the leader, the core for the quorum. */
export function QuorumRing({
  ring,
  size = 26,
}: {
  readonly ring: RingState;
  readonly size?: number;
}): ReactElement {
  const segments: readonly RingSegment[] = ring.segments.length > 0 ? ring.segments : unknownSegments;
  const span = 360 / segments.length;
  return (
    <svg
      className={`app-ring quorum-${ring.quorum}`}
      width={size}
      height={size}
      viewBox="0 0 32 32"
      role="img"
      aria-label={ring.label}
    >
      {segments.length === 1 ? (
        <circle className={`app-ring-segment is-${segments[0]!.state}`} cx={16} cy={16} r={radius} />
      ) : (
        segments.map((segment, at) => (
          <path
            key={segment.id}
            className={`app-ring-segment is-${segment.state}`}
            d={arc(at * span + gapDegrees / 2, (at + 1) * span - gapDegrees / 2)}
          />
        ))
      )}
      <circle className="app-ring-core" cx={16} cy={16} r={3.2} />
    </svg>
  );
}

const unknownSegments: readonly RingSegment[] = ["a", "b", "c"].map((id) => ({ id, state: "down" }));

/** Degrees run clockwise from the top. */
function arc(from: number, to: number): string {
  const at = (degrees: number): string => {
    const radians = ((degrees - 90) * Math.PI) / 180;
    return `${(16 + radius * Math.cos(radians)).toFixed(2)} ${(16 + radius * Math.sin(radians)).toFixed(2)}`;
  };
  return `M ${at(from)} A ${radius} ${radius} 0 ${to - from > 180 ? 1 : 0} 1 ${at(to)}`;
}
