/**
 * What an operation on the membership does to the cluster, worked out and put into words before it is done.
 *
 * The server has the last word: a member judges by its own connections, the console by who answers it. Therefore a refusal is
 * foretold ("the cluster will most likely refuse"), never enforced here.
 */
import { plural } from "../../text/format.js";
import { canWrite, countInWords, countVotes } from "./quorum.js";
import type { Seat, Votes } from "./quorum.js";

/** A seat with what sentences need beyond the arithmetic. */
export interface NamedSeat extends Seat {
  /** Empty until the member has started for the first time. */
  readonly name: string;
  readonly leader: boolean;
  /** Entries it is behind the leader; absent when unknown. */
  readonly lagEntries?: number | undefined;
}

export type Operation =
  | { readonly kind: "add-voter" }
  | { readonly kind: "add-learner" }
  | { readonly kind: "promote"; readonly id: bigint }
  | { readonly kind: "remove"; readonly id: bigint }
  | { readonly kind: "move-leader"; readonly to: bigint };

export interface Consequence {
  readonly before: Votes;
  readonly after: Votes;
  /** `calm`: nothing gets worse. `caution`: less safe for a while. `danger`: writes stop or data of a member is given up. */
  readonly tone: "calm" | "caution" | "danger";
  /** The one sentence to read if only one is read. */
  readonly headline: string;
  readonly details: readonly string[];
  /** Why the cluster will most likely refuse. */
  readonly refusal?: string;
}

/** Raft's own threshold: a learner is in step when it has nine tenths of the leader's log. */
const LEARNER_READY = 0.9;

/** @param leaderIndex raft index of the leader, for judging how far a learner is; 0 when unknown. */
export function foresee(operation: Operation, seats: readonly NamedSeat[], leaderIndex = 0): Consequence {
  switch (operation.kind) {
    case "add-voter":
      return foreseeAddVoter(seats);
    case "add-learner":
      return foreseeAddLearner(seats);
    case "promote":
      return foreseePromote(seats, seatOf(seats, operation.id), leaderIndex);
    case "remove":
      return foreseeRemove(seats, seatOf(seats, operation.id));
    case "move-leader":
      return foreseeMoveLeader(seats, seatOf(seats, operation.to));
  }
}

export function seatName(seat: { readonly id: bigint; readonly name: string }): string {
  return seat.name === "" ? seat.id.toString(16) : seat.name;
}

function seatOf(seats: readonly NamedSeat[], id: bigint): NamedSeat {
  return (
    seats.find((seat) => seat.id === id) ?? { id, name: "", learner: false, healthy: false, leader: false }
  );
}

/** A member that was just added has no data and is not running yet: it counts, but it is down. */
const newcomer = { id: -1n, name: "", healthy: false, leader: false };

function foreseeAddVoter(seats: readonly NamedSeat[]): Consequence {
  const before = countVotes(seats);
  const after = countVotes([...seats, { ...newcomer, learner: false }]);
  const settled = countVotes([...seats, { ...newcomer, learner: false, healthy: true }]);
  const details = [
    majoritySentence(before, after),
    toleranceSentence(before, settled, "Once it runs and has caught up"),
    "Adding it as a learner first costs no safety: it catches up without a vote and is promoted when it is ready.",
  ];
  if (!canWrite(after)) {
    return {
      before,
      after,
      tone: "danger",
      headline: "Nothing can be written until the new member has started and caught up.",
      details: [
        `Its vote counts from now on, so ${after.majority} of ${after.voters} voters are needed and ${after.healthy} ${verb(after.healthy, "is", "are")} there. Should it never start, the cluster stays stuck.`,
        ...details,
      ],
      ...refusalWhen(!isSingle(before), unhealthyRefusal(after)),
    };
  }
  return {
    before,
    after,
    tone: after.spare < before.spare || after.spare === 0 ? "caution" : "calm",
    headline:
      after.spare === 0
        ? "Until the new member has started and caught up, no voter may fail."
        : `Until the new member has started and caught up, ${countInWords(after.spare)} ${verb(after.spare, "voter", "voters")} may fail.`,
    details,
  };
}

function foreseeAddLearner(seats: readonly NamedSeat[]): Consequence {
  const votes = countVotes(seats);
  return {
    before: votes,
    after: votes,
    tone: "calm",
    headline: "A learner has no vote: majority and availability stay as they are.",
    details: [
      "It receives the whole store from the leader and then follows it; until it has caught up, the leader has more to send.",
      "It refuses linearizable reads and writes until it is promoted.",
    ],
    ...refusalWhen(!canWrite(votes), "Without a majority, the cluster cannot agree on a new member."),
  };
}

function foreseePromote(seats: readonly NamedSeat[], target: NamedSeat, leaderIndex: number): Consequence {
  const before = countVotes(seats);
  const after = countVotes(seats.map((seat) => (seat.id === target.id ? { ...seat, learner: false } : seat)));
  const behind = target.lagEntries ?? 0;
  const notReady = leaderIndex > 0 && leaderIndex - behind < leaderIndex * LEARNER_READY;
  const name = seatName(target);
  const details = [majoritySentence(before, after), toleranceSentence(before, after, "From then on")];
  if (behind > 0 && !notReady) details.push(`It is ${plural(behind, "entry", "entries")} behind the leader.`);
  let refusal: string | undefined;
  if (!target.healthy)
    refusal = `${name} does not answer; a learner is promoted only when it is in step with the leader.`;
  else if (notReady)
    refusal = `${name} is too far behind the leader (${behind} of ${leaderIndex} entries missing).`;
  else if (!canWrite(before)) refusal = "Without a majority, the cluster cannot agree on it.";
  const tone = !canWrite(after) ? "danger" : after.spare < before.spare ? "caution" : "calm";
  return {
    before,
    after,
    tone,
    headline:
      tone === "danger"
        ? `With the vote of ${name}, the voters that answer are no longer a majority.`
        : `${name} becomes a voter.`,
    details,
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function foreseeRemove(seats: readonly NamedSeat[], target: NamedSeat): Consequence {
  const before = countVotes(seats);
  const rest = seats.filter((seat) => seat.id !== target.id);
  const after = countVotes(rest);
  const name = seatName(target);
  const forGood = `${name} stops and cannot come back with the data it has: to return, it must be added again with an empty data directory.`;
  if (target.learner) {
    return {
      before,
      after,
      tone: "caution",
      headline: `${name} is a learner: majority and availability stay as they are.`,
      details: [forGood],
      ...refusalWhen(!canWrite(before), "Without a majority, the cluster cannot agree on it."),
    };
  }
  if (after.voters === 0) {
    return {
      before,
      after,
      tone: "danger",
      headline: `${name} is the only voter. Without it there is no cluster.`,
      details: [forGood],
      refusal: "The last voter cannot be removed.",
    };
  }
  const details = [majoritySentence(before, after), toleranceSentence(before, after, "After that")];
  if (target.leader)
    details.push(
      `${name} is the leader: writes wait until the others have elected a new one, usually a second or two. Moving the leader first avoids that.`,
    );
  if (!target.healthy) details.push(`${name} does not answer, so no vote that is there today is lost.`);
  details.push(forGood);
  return {
    before,
    after,
    tone: "danger",
    headline: removeHeadline(name, before, after),
    details,
    ...removeRefusal(target, before, after),
  };
}

function removeHeadline(name: string, before: Votes, after: Votes): string {
  if (!canWrite(after))
    return `Without ${name}, the voters that answer are no majority: nothing could be written.`;
  if (after.spare > before.spare) return `Without ${name}, ${mayFail(after)}: more than now.`;
  if (after.spare === before.spare) return `Without ${name}, ${mayFail(after)}: as now.`;
  return `Without ${name}, ${mayFail(after)}.`;
}

function removeRefusal(target: NamedSeat, before: Votes, after: Votes): { refusal?: string } {
  if (!canWrite(before))
    return {
      refusal:
        "Without a majority, the cluster cannot agree on it. It takes a restore, or the lost members back.",
    };
  // Mirrors the strict check: a connected member is let go only if the others that are connected still make a majority.
  if (target.healthy && !canWrite(after)) return { refusal: unhealthyRefusal(after) };
  return {};
}

function foreseeMoveLeader(seats: readonly NamedSeat[], target: NamedSeat): Consequence {
  const votes = countVotes(seats);
  const name = seatName(target);
  let refusal: string | undefined;
  if (target.learner) refusal = `${name} is a learner; only voters lead.`;
  else if (!target.healthy)
    refusal = `${name} does not answer, so it could not take over and the leader would stay.`;
  else if (target.leader) refusal = `${name} is the leader already.`;
  return {
    before: votes,
    after: votes,
    tone: "calm",
    headline: `Leadership goes to ${name}. Majority and tolerance stay as they are.`,
    details: [
      "The leader lets the other catch up and then tells it to stand for election at once: writes pause for milliseconds, not for an election timeout.",
      "Calls under way may be answered late or fail as if the leader had been lost; clients that retry notice nothing.",
    ],
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function majoritySentence(before: Votes, after: Votes): string {
  const voters = `Voters go from ${before.voters} to ${after.voters}`;
  return before.majority === after.majority
    ? `${voters}; the majority stays ${after.majority}.`
    : `${voters}, the majority from ${before.majority} to ${after.majority}.`;
}

function toleranceSentence(before: Votes, after: Votes, when: string): string {
  const survives = `the cluster survives the loss of ${after.tolerance === 0 ? "no voter" : plural(after.tolerance, "voter")}`;
  if (after.tolerance > before.tolerance) return `${when}, ${survives}: better than now.`;
  if (after.tolerance < before.tolerance) return `${when}, ${survives}: worse than now.`;
  const even = after.voters % 2 === 0 ? " An even number of voters costs more and tolerates no more." : "";
  return `${when}, ${survives}, as now.${even}`;
}

function mayFail(votes: Votes): string {
  return votes.spare === 0
    ? "no voter may fail"
    : `${countInWords(votes.spare)} ${verb(votes.spare, "voter", "voters")} may fail`;
}

function unhealthyRefusal(after: Votes): string {
  return `Of the ${plural(after.voters, "voter")} there would be, ${after.healthy} ${verb(after.healthy, "answers", "answer")} and ${after.majority} are needed.`;
}

function isSingle(votes: Votes): boolean {
  return votes.voters === 1 && votes.healthy === 1;
}

function refusalWhen(condition: boolean, refusal: string): { refusal?: string } {
  return condition ? { refusal } : {};
}

function verb(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}
