import type { ReactElement } from "react";
import { classNames } from "../../ui/index.js";
import type { MemberView } from "./member-view.js";
import type { Votes } from "./quorum.js";

/**
 * Votes as seats in a row, those that answer first, with a line behind as many as a decision needs: one look tells whether the
 * cluster can write and how many more may fail. Learners sit apart.
 */
export function VoteBar({
  members,
  votes,
}: {
  readonly members: readonly MemberView[];
  readonly votes: Votes;
}): ReactElement | null {
  if (members.length === 0) return null;
  const voters = members.filter((member) => !member.learner);
  const seats = [...voters.filter((member) => member.healthy), ...voters.filter((member) => !member.healthy)];
  const learners = members.filter((member) => member.learner);
  const words = `${votes.healthy} of ${votes.voters} votes answer, ${votes.majority} are needed.`;
  return (
    <figure className="members-votes">
      <div className="members-votes-row" role="img" aria-label={words}>
        {seats.map((member, at) => (
          <span key={member.hexId} className="members-votes-place">
            <span
              className={classNames(
                "members-seat",
                member.healthy ? "is-well" : "is-down",
                votes.spare < 0 && "is-short",
              )}
            >
              {member.label}
            </span>
            {at === votes.majority - 1 && <span className="members-majority" />}
          </span>
        ))}
        {learners.map((member) => (
          <span
            key={member.hexId}
            className={classNames("members-seat is-learner", !member.healthy && "is-down")}
          >
            {member.label}
          </span>
        ))}
      </div>
      <figcaption className="members-votes-legend">
        <span>
          <i className="members-key is-well" /> votes
        </span>
        <span>
          <i className="members-key is-down" /> does not answer
        </span>
        {learners.length > 0 && (
          <span>
            <i className="members-key is-learner" /> learner, no vote
          </span>
        )}
        <span>
          <i className="members-key is-line" /> majority of {votes.majority}
        </span>
      </figcaption>
    </figure>
  );
}
