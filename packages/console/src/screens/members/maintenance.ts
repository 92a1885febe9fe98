/** What upkeep of a member or of the store does, in words: defragment, compact, disarm, snapshot. */
import { etcdserverpb } from "@quorate/proto";
import { seatName } from "./consequence.js";
import type { NamedSeat } from "./consequence.js";
import { canWrite, countInWords, countVotes } from "./quorum.js";

export interface Foresight {
  readonly tone: "calm" | "caution" | "danger";
  readonly headline: string;
  readonly details: readonly string[];
  readonly refusal?: string;
}

export function foreseeDefragment(seats: readonly NamedSeat[], target: NamedSeat): Foresight {
  const name = seatName(target);
  const busy = countVotes(seats.map((seat) => (seat.id === target.id ? { ...seat, healthy: false } : seat)));
  const details = [
    "An etcd member answers nothing while it rewrites its file, which takes seconds for each gigabyte; a Quorate member goes on answering.",
    "One member at a time, the leader last.",
  ];
  if (target.leader && busy.voters > 1) {
    details.unshift(
      `${name} is the leader. If it falls silent for longer than an election timeout, the others elect a new one; moving the leader first avoids that.`,
    );
  }
  if (target.learner) {
    return {
      tone: "calm",
      headline: `${name} is a learner: nobody needs its vote meanwhile.`,
      details,
      ...silence(target),
    };
  }
  if (!canWrite(busy)) {
    const headline =
      busy.voters === 1
        ? `${name} is the only voter: while it is busy, the cluster may not answer.`
        : `The vote of ${name} is needed: while it is busy, nothing may be written.`;
    return { tone: "danger", headline, details, ...silence(target) };
  }
  const spare = busy.spare === 0 ? "no other voter may fail" : `${countInWords(busy.spare)} more may fail`;
  return {
    tone: busy.spare === 0 ? "caution" : "calm",
    headline: `While ${name} is busy, the others are a majority and ${spare}.`,
    details,
    ...silence(target),
  };
}

function silence(target: NamedSeat): { refusal?: string } {
  return target.healthy ? {} : { refusal: `${seatName(target)} does not answer.` };
}

/** @param revision what is to be the oldest one kept; @param current the store's newest. */
export function foreseeCompact(revision: bigint, current: bigint): Foresight {
  const details = [
    `Every key keeps the value it has. What it was before revision ${revision} is forgotten on all members, for good.`,
    "Watches and reads that begin earlier are refused, also those of clients that were away for long and want to resume.",
    "History and restore in this console end at this revision.",
  ];
  if (revision <= 0n)
    return {
      tone: "caution",
      headline: "Choose a revision above 0.",
      details: [],
      refusal: "Not a revision.",
    };
  if (revision > current) {
    return {
      tone: "caution",
      headline: `Revision ${revision} has not been written yet.`,
      details: [],
      refusal: `The newest revision is ${current}.`,
    };
  }
  const kept = current - revision;
  return {
    tone: "danger",
    headline:
      kept === 0n
        ? "Only the newest revision stays readable."
        : `The newest ${kept + 1n} revisions stay readable, everything older is forgotten.`,
    details,
  };
}

/** @param overQuota whether the member's store is still above its quota, as far as it said. */
export function foreseeDisarm(alarm: etcdserverpb.AlarmType, overQuota: boolean): Foresight {
  if (alarm === etcdserverpb.AlarmType.CORRUPT) {
    return {
      tone: "danger",
      headline: "Members disagree about what is stored, and the cluster answers as if they did not.",
      details: [
        "Which member you ask then decides what you are told. Disarm only after the member that is wrong has been removed and added anew.",
        "While it is armed, nothing can be written.",
      ],
    };
  }
  return {
    tone: overQuota ? "caution" : "calm",
    headline: "The cluster accepts writes again.",
    details: overQuota
      ? [
          "The store is still over its quota: the next write that asks for space raises the alarm again. Compact and defragment first, or raise the quota.",
        ]
      : ["While it is armed, keys can be read and deleted, not written."],
  };
}

export function alarmName(alarm: etcdserverpb.AlarmType): string {
  switch (alarm) {
    case etcdserverpb.AlarmType.NOSPACE:
      return "No space";
    case etcdserverpb.AlarmType.CORRUPT:
      return "Corrupt";
    default:
      return `Alarm ${alarm}`;
  }
}
