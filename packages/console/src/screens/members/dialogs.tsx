/** The questions that come before anything is done to the membership or to a member. Which one is open stands in the URL. */
import { etcdserverpb } from "@quorate/proto";
import type { consolepb } from "@quorate/proto";
import type { ReactElement } from "react";
import { atMember, useClients } from "../../data/index.js";
import type { MayWrite } from "../../data/index.js";
import { ConfirmDialog, useToast } from "../../ui/index.js";
import { AddMemberDialog } from "./add-member-dialog.js";
import { CompactDialog } from "./compact-dialog.js";
import { foresee } from "./consequence.js";
import { ConsequenceView, ForesightView } from "./consequence-view.js";
import { alarmName, foreseeDefragment, foreseeDisarm } from "./maintenance.js";
import type { ClusterView, MemberView } from "./member-view.js";
import { storeUse } from "./member-view.js";
import { useMemberDialog } from "./open-dialog.js";
import { SnapshotDialog } from "./snapshot-dialog.js";

/** Rewriting a large file takes minutes, and a refusal of ours would not stop it. */
const defragmentTimeoutMs = 30 * 60_000;

export interface MemberDialogsProps {
  readonly view: ClusterView;
  readonly overview: consolepb.GetOverviewResponse;
  readonly mayWrite: MayWrite;
}

export function MemberDialogs({ view, overview, mayWrite }: MemberDialogsProps): ReactElement | null {
  const { name, memberId, close } = useMemberDialog();
  const member = view.members.find((one) => one.id === memberId);
  // A link may open a question for somebody who may not answer it; a snapshot only reads.
  if (!mayWrite.allowed && name !== "snapshot") return null;
  switch (name) {
    case "none":
      return null;
    case "add-learner":
    case "add-voter":
      return <AddMemberDialog view={view} learner={name === "add-learner"} onClose={close} />;
    case "compact":
      return <CompactDialog revision={overview.revision} onClose={close} />;
    case "snapshot":
      return <SnapshotDialog view={view} onClose={close} />;
    case "promote":
      return member === undefined ? null : <PromoteDialog member={member} view={view} onClose={close} />;
    case "remove":
      return member === undefined ? null : <RemoveDialog member={member} view={view} onClose={close} />;
    case "move-leader":
      return member === undefined ? null : <MoveLeaderDialog member={member} view={view} onClose={close} />;
    case "defragment":
      return member === undefined ? null : <DefragmentDialog member={member} view={view} onClose={close} />;
    case "disarm":
      return member === undefined ? null : <DisarmDialog member={member} view={view} onClose={close} />;
  }
}

export interface MemberQuestion {
  readonly member: MemberView;
  readonly view: ClusterView;
  readonly onClose: () => void;
}

function PromoteDialog({ member, view, onClose }: MemberQuestion): ReactElement {
  const { cluster } = useClients();
  const toast = useToast();
  const consequence = foresee({ kind: "promote", id: member.id }, view.members, view.leaderIndex);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Promote ${member.label} to voter?`}
      consequence={<p className="members-headline">{consequence.headline}</p>}
      confirmLabel={`Promote ${member.label}`}
      tone={consequence.tone === "danger" ? "danger" : "default"}
      {...(consequence.tone === "danger" ? { mustType: member.label } : {})}
      onConfirm={async () => {
        await cluster.memberPromote({ ID: member.id });
        toast.success(`${member.label} is a voter now`);
      }}
    >
      <ConsequenceView consequence={consequence} />
    </ConfirmDialog>
  );
}

function RemoveDialog({ member, view, onClose }: MemberQuestion): ReactElement {
  const { cluster } = useClients();
  const toast = useToast();
  const consequence = foresee({ kind: "remove", id: member.id }, view.members);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Remove ${member.label} from the cluster?`}
      consequence={<p className="members-headline">{consequence.headline}</p>}
      confirmLabel={`Remove ${member.label}`}
      tone="danger"
      mustType={member.label}
      onConfirm={async () => {
        await cluster.memberRemove({ ID: member.id });
        toast.success(`${member.label} was removed`, "Stop its process and delete its data directory.");
      }}
    >
      <ConsequenceView consequence={consequence} />
    </ConfirmDialog>
  );
}

function MoveLeaderDialog({ member, view, onClose }: MemberQuestion): ReactElement {
  const { maintenance } = useClients();
  const toast = useToast();
  const { leader } = view;
  const consequence = foresee({ kind: "move-leader", to: member.id }, view.members);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Make ${member.label} the leader?`}
      consequence={<p className="members-headline">{consequence.headline}</p>}
      confirmLabel={`Lead from ${member.label}`}
      disabled={leader === undefined}
      onConfirm={async () => {
        await maintenance.moveLeader(
          { targetID: member.id },
          leader === undefined ? {} : atMember(leader.id),
        );
        toast.success(`${member.label} leads now`);
      }}
    >
      <ConsequenceView consequence={consequence} />
    </ConfirmDialog>
  );
}

function DefragmentDialog({ member, view, onClose }: MemberQuestion): ReactElement {
  const { maintenance } = useClients();
  const toast = useToast();
  const foresight = foreseeDefragment(view.members, member);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Defragment ${member.label}?`}
      consequence={<p className="members-headline">{foresight.headline}</p>}
      confirmLabel={`Defragment ${member.label}`}
      tone={foresight.tone === "danger" ? "danger" : "default"}
      {...(foresight.tone === "danger" ? { mustType: member.label } : {})}
      onConfirm={async () => {
        await maintenance.defragment({}, { ...atMember(member.id), timeoutMs: defragmentTimeoutMs });
        toast.success(`${member.label} was defragmented`);
      }}
    >
      <ForesightView foresight={foresight} />
    </ConfirmDialog>
  );
}

function DisarmDialog({ member, onClose }: MemberQuestion): ReactElement {
  const { alarm } = useMemberDialog();
  const { maintenance } = useClients();
  const toast = useToast();
  const kind = alarm === etcdserverpb.AlarmType.CORRUPT ? alarm : etcdserverpb.AlarmType.NOSPACE;
  const use = member.status === undefined ? undefined : storeUse(member.status);
  const overQuota = use !== undefined && use.quotaBytes > 0 && use.fileBytes >= use.quotaBytes;
  const foresight = foreseeDisarm(kind, overQuota);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Disarm "${alarmName(kind).toLowerCase()}" on ${member.label}?`}
      consequence={<p className="members-headline">{foresight.headline}</p>}
      confirmLabel="Disarm"
      tone={foresight.tone === "danger" ? "danger" : "default"}
      {...(foresight.tone === "danger" ? { mustType: member.label } : {})}
      onConfirm={async () => {
        await maintenance.alarm({
          action: etcdserverpb.AlarmRequest_AlarmAction.DEACTIVATE,
          memberID: member.id,
          alarm: kind,
        });
        toast.success("The alarm is disarmed");
      }}
    >
      <ForesightView foresight={foresight} />
    </ConfirmDialog>
  );
}
