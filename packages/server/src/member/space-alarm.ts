/** Raises the NOSPACE alarm of this member through the log, once however many writes ask for it. */
import { etcdserverpb } from "@quorate/proto";
import type { AlarmSet } from "@quorate/machine";
import { ProposalError, proposeRequest } from "./internal-requests.js";
import type { Member } from "./member.js";

export interface SpaceAlarmParts {
  readonly member: () => Member;
  readonly memberId: bigint;
  readonly alarms: AlarmSet;
}

/** @returns a function whose promise resolves when the alarm is active, or when raising it has failed. */
export function createSpaceAlarm({ member, memberId, alarms }: SpaceAlarmParts): () => Promise<void> {
  let raising: Promise<void> | undefined;
  const raise = async (): Promise<void> => {
    const active = alarms.list(etcdserverpb.AlarmType.NOSPACE).some((alarm) => alarm.memberId === memberId);
    if (active) return;
    try {
      await proposeRequest(member(), {
        alarm: {
          action: etcdserverpb.AlarmRequest_AlarmAction.ACTIVATE,
          memberID: memberId,
          alarm: etcdserverpb.AlarmType.NOSPACE,
        },
      });
    } catch (error) {
      // The next write that does not fit tries again; this one's client hears of the lack of space all the same.
      if (!(error instanceof ProposalError)) throw error;
    }
  };
  return () => {
    raising ??= raise().finally(() => {
      raising = undefined;
    });
    return raising;
  };
}
