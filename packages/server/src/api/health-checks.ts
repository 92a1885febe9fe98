/**
 * How well this member is, as probes ask for it: `/health` with its reasons, and the named checks of `/livez` and `/readyz`. Not here:
 * HTTP, and gRPC's own health service.
 *
 * A member is not ready without a quorum, when its data are corrupt, or as a learner; it is not live only when it no longer answers from
 * its own store, which a restart might cure. Too little space is no reason for either.
 * Source: operations 7.3.
 */
import { ALARM_CORRUPT, ALARM_NOSPACE } from "@quorate/machine";
import type { MemberPort } from "./member-port.js";
import { failureText } from "./to-status.js";

/** What checks look at. */
export type HealthSource = Pick<MemberPort, "alarms" | "leaderId" | "isLearner" | "awaitReadIndex"> & {
  readonly store: Pick<MemberPort["store"], "revision">;
};

/** Why a check failed, in words; undefined when it passed. */
type Check = (member: HealthSource) => Promise<string | undefined>;

export type ProbeName = "livez" | "readyz";

export type CheckName = "data_corruption" | "serializable_read" | "linearizable_read" | "non_learner";

const CHECKS: Readonly<Record<CheckName, Check>> = {
  data_corruption: checkCorruption,
  serializable_read: checkLocalRead,
  linearizable_read: checkLinearizableRead,
  non_learner: checkVoter,
};

const CHECKS_OF_PROBE: Readonly<Record<ProbeName, readonly CheckName[]>> = {
  livez: ["serializable_read"],
  readyz: ["data_corruption", "serializable_read", "linearizable_read", "non_learner"],
};

export interface ProbeResult {
  readonly isOk: boolean;
  /** One line per check, each with its newline. */
  readonly details: string;
  /** In the order of the checks. */
  readonly results: readonly { readonly name: CheckName; readonly isOk: boolean }[];
}

/** The checks behind `/livez` or `/readyz`, or behind one of their sub-paths. Undefined for a sub-path that there is not. */
export function checksOf(probe: ProbeName, subPath: string): readonly CheckName[] | undefined {
  const all = CHECKS_OF_PROBE[probe];
  return subPath === "" ? all : oneOf(all, subPath);
}

function oneOf(all: readonly CheckName[], name: string): readonly CheckName[] | undefined {
  const found = all.find((each) => each === name);
  return found === undefined ? undefined : [found];
}

export async function runChecks(member: HealthSource, names: readonly CheckName[]): Promise<ProbeResult> {
  const failures = await Promise.all(names.map((name) => CHECKS[name](member)));
  const lines = names.map((name, i) => {
    const failure = failures[i];
    return failure === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${failure}\n`;
  });
  return {
    isOk: failures.every((failure) => failure === undefined),
    details: lines.join(""),
    results: names.map((name, i) => ({ name, isOk: failures[i] === undefined })),
  };
}

/** What `/health` tells: undefined when all is well. Alarms come first, then the leader, then a read. */
export async function unhealthyReason(
  member: HealthSource,
  { excludedAlarms, isSerializable }: { excludedAlarms: ReadonlySet<string>; isSerializable: boolean },
): Promise<string | undefined> {
  for (const { type } of member.alarms.list()) {
    const name = type === ALARM_NOSPACE ? "NOSPACE" : type === ALARM_CORRUPT ? "CORRUPT" : "UNKNOWN";
    if (!excludedAlarms.has(name)) return `ALARM ${name}`;
  }
  if (!isSerializable && member.leaderId === 0n) return "RAFT NO LEADER";
  const failure = await (isSerializable ? checkLocalRead(member) : checkLinearizableRead(member));
  return failure === undefined ? undefined : `RANGE ERROR:${failure}`;
}

function checkCorruption({ alarms }: HealthSource): Promise<string | undefined> {
  const isCorrupt = alarms.list().some(({ type }) => type === ALARM_CORRUPT);
  return Promise.resolve(isCorrupt ? "alarm activated: CORRUPT" : undefined);
}

/** The index is in memory: what this finds is a store that no longer answers at all. */
function checkLocalRead({ store }: HealthSource): Promise<string | undefined> {
  return Promise.resolve(Number.isSafeInteger(store.revision) ? undefined : "the store has no revision");
}

function checkLinearizableRead(member: HealthSource): Promise<string | undefined> {
  return new Promise((resolve) => {
    member.awaitReadIndex({
      onReady: () => resolve(undefined),
      onFailed: (failure) => resolve(failureText(failure)),
    });
  });
}

function checkVoter({ isLearner }: HealthSource): Promise<string | undefined> {
  return Promise.resolve(isLearner ? "not supported for learner" : undefined);
}
