import { etcdserverpb } from "@quorate/proto";
import type { ReactElement } from "react";
import type { MayWrite } from "../../data/index.js";
import { Callout } from "../../ui/index.js";
import { alarmName } from "./maintenance.js";
import type { ClusterView } from "./member-view.js";
import { useMemberDialog } from "./open-dialog.js";
import { WriteButton } from "./write-button.js";

const explanations: Readonly<Record<number, string>> = {
  [etcdserverpb.AlarmType.NOSPACE]:
    "Its store is over the quota. The whole cluster refuses writes until there is room and the alarm is disarmed. First compact, then defragment each member.",
  [etcdserverpb.AlarmType.CORRUPT]:
    "Its data differs from that of the others. The cluster refuses writes so that nothing spreads. Remove the member, empty its data directory and add it anew.",
};

export interface AlarmCalloutsProps {
  readonly alarms: readonly etcdserverpb.AlarmMember[];
  readonly view: ClusterView;
  readonly mayWrite: MayWrite;
}

export function AlarmCallouts({ alarms, view, mayWrite }: AlarmCalloutsProps): ReactElement[] {
  const { open } = useMemberDialog();
  return alarms.map(({ memberID, alarm }) => {
    const label = view.members.find((member) => member.id === memberID)?.label ?? memberID.toString(16);
    return (
      <Callout
        key={`${memberID} ${alarm}`}
        tone="bad"
        role="alert"
        title={`Alarm on ${label}: ${alarmName(alarm).toLowerCase()}.`}
        actions={
          <WriteButton mayWrite={mayWrite} size="s" onClick={() => open("disarm", memberID, alarm)}>
            Disarm
          </WriteButton>
        }
      >
        {explanations[alarm] ?? ""}
      </Callout>
    );
  });
}
