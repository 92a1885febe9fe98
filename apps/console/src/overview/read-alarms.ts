/**
 * Alarms as members name them in their status: `memberID:1234 alarm:NOSPACE `. Asking for them by the Alarm call would put an entry into the
 * cluster's log each time.
 */
import { create, etcdserverpb } from "@quorate/proto";

const ALARM = /memberID:(\d+)\s+alarm:(NOSPACE|CORRUPT)/;

/** Each alarm once, whoever names it. */
export function readAlarms(errors: readonly string[]): etcdserverpb.AlarmMember[] {
  const alarms = new Map<string, etcdserverpb.AlarmMember>();
  for (const error of errors) {
    const [all, member, kind] = ALARM.exec(error) ?? [];
    if (all === undefined || member === undefined) continue;
    const alarm = kind === "CORRUPT" ? etcdserverpb.AlarmType.CORRUPT : etcdserverpb.AlarmType.NOSPACE;
    alarms.set(all, create(etcdserverpb.AlarmMemberSchema, { memberID: BigInt(member), alarm }));
  }
  return [...alarms.values()];
}
