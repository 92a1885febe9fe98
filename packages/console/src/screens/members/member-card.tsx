import { ArrowUpToLine, Crown, Eraser, MoreHorizontal, Sprout, Trash2, Unplug } from "lucide-react";
import type { ReactElement } from "react";
import type { MayWrite } from "../../data/index.js";
import { formatBytes, formatCount, formatDuration, formatMilliseconds, plural } from "../../text/format.js";
import { Badge, CopyButton, DescriptionList, IconButton, Menu, classNames } from "../../ui/index.js";
import type { DescriptionItem, MenuItem } from "../../ui/index.js";
import { alarmName } from "./maintenance.js";
import { storeUse } from "./member-view.js";
import type { ClusterView, MemberView } from "./member-view.js";
import { useMemberDialog } from "./open-dialog.js";
import { StoreBar } from "./store-bar.js";

export interface MemberCardProps {
  readonly member: MemberView;
  readonly view: ClusterView;
  readonly mayWrite: MayWrite;
}

export function MemberCard({ member, view, mayWrite }: MemberCardProps): ReactElement {
  const { status } = member;
  return (
    <li className={classNames("members-card", `is-${member.state}`, member.leader && "is-leader")}>
      <header className="members-card-head">
        <h2 className="members-name">{member.label}</h2>
        <MemberBadges member={member} />
        <MemberMenu member={member} view={view} mayWrite={mayWrite} />
      </header>
      {member.state !== "well" && (
        <p className="members-silence">
          {stateTexts[member.state]} <span className="members-why">{member.error}</span>
        </p>
      )}
      {status !== undefined && <DescriptionList items={figures(member)} />}
      {status !== undefined && <StoreBar use={storeUse(status)} />}
      <footer className="members-addresses">
        <Address label="Clients" urls={member.clientUrls} />
        <Address label="Peers" urls={member.peerUrls} />
        <div>
          <span className="members-address-label">ID</span>
          <code>{member.hexId}</code>
          <CopyButton label="Copy ID" text={member.hexId} />
        </div>
      </footer>
    </li>
  );
}

const stateTexts: Readonly<Record<Exclude<MemberView["state"], "well">, string>> = {
  unstarted: "Added, but not seen running yet.",
  silent: "Does not answer.",
  leaderless: "Answers, but knows no leader.",
  refusing: "Answers, but tells this console nothing.",
};

function MemberBadges({ member }: { readonly member: MemberView }): ReactElement {
  return (
    <span className="members-badges">
      {member.leader && (
        <Badge tone="accent" icon={<Crown aria-hidden />}>
          Leader
        </Badge>
      )}
      {member.learner ? (
        <Badge tone="info" icon={<Sprout aria-hidden />}>
          Learner
        </Badge>
      ) : (
        !member.leader && <Badge>Voter</Badge>
      )}
      {member.state === "silent" && (
        <Badge tone="bad" icon={<Unplug aria-hidden />}>
          Unreachable
        </Badge>
      )}
      {member.state === "leaderless" && <Badge tone="warn">No leader</Badge>}
      {member.state === "refusing" && <Badge tone="warn">Refuses</Badge>}
      {member.state === "unstarted" && <Badge tone="warn">Not started</Badge>}
      {member.alarms.map((alarm) => (
        <Badge key={alarm} tone="bad">
          {alarmName(alarm)}
        </Badge>
      ))}
    </span>
  );
}

/** Behind by fewer entries than this is what a busy cluster looks like between two answers. */
const lagWorthSaying = 1000;

function figures(member: MemberView): DescriptionItem[] {
  const { status } = member;
  if (status === undefined) return [];
  const lag = member.lagEntries ?? 0;
  const waiting = Number(status.raftIndex - status.raftAppliedIndex);
  return [
    { label: "Raft index", value: formatCount(status.raftIndex) },
    {
      label: "Behind the leader",
      value: member.leader ? (
        "–"
      ) : (
        <span className={lag > lagWorthSaying ? "members-bad" : undefined}>
          {plural(lag, "entry", "entries")}
        </span>
      ),
    },
    { label: "To be applied", value: plural(Math.max(0, waiting), "entry", "entries") },
    { label: "Term", value: formatCount(status.raftTerm) },
    { label: "Version", value: status.version },
    { label: "Answers in", value: formatMilliseconds(member.latencyMs) },
    { label: "Up for", value: member.uptimeSeconds > 0 ? formatDuration(member.uptimeSeconds) : "unknown" },
    { label: "Store format", value: status.storageVersion === "" ? "–" : status.storageVersion },
  ];
}

function Address({
  label,
  urls,
}: {
  readonly label: string;
  readonly urls: readonly string[];
}): ReactElement | null {
  if (urls.length === 0) return null;
  return (
    <div>
      <span className="members-address-label">{label}</span>
      <code>{urls.join(", ")}</code>
    </div>
  );
}

function MemberMenu({ member, view, mayWrite }: MemberCardProps): ReactElement {
  const { open } = useMemberDialog();
  const blocked = !mayWrite.allowed;
  const why = (hint: string): { disabled: boolean; hint: string } => ({
    disabled: blocked,
    hint: blocked ? (mayWrite.reason ?? "") : hint,
  });
  const items: MenuItem[] = [];
  if (member.learner) {
    items.push({
      label: "Promote to voter",
      icon: <ArrowUpToLine aria-hidden />,
      ...why("Gives it a vote."),
      onSelect: () => open("promote", member.id),
    });
  } else if (!member.leader) {
    items.push({
      label: "Make it the leader",
      icon: <Crown aria-hidden />,
      ...why(`Now it is ${view.leader?.label ?? "nobody"}.`),
      onSelect: () => open("move-leader", member.id),
    });
  }
  items.push({
    label: "Defragment",
    icon: <Eraser aria-hidden />,
    ...why(member.status === undefined ? "It does not answer." : reclaimable(member.status)),
    onSelect: () => open("defragment", member.id),
  });
  return (
    <Menu
      label={`Actions for ${member.label}`}
      trigger={
        <IconButton
          label={`Actions for ${member.label}`}
          icon={<MoreHorizontal />}
          size="s"
          tooltip={false}
        />
      }
      items={[
        ...items,
        "separator",
        {
          label: "Remove from the cluster",
          icon: <Trash2 aria-hidden />,
          tone: "danger",
          ...why("For good. Its data does not come back."),
          onSelect: () => open("remove", member.id),
        },
      ]}
    />
  );
}

function reclaimable(status: { readonly dbSize: bigint; readonly dbSizeInUse: bigint }): string {
  const free = status.dbSize - status.dbSizeInUse;
  return free > 0n ? `About ${formatBytes(free)} can be given back.` : "Nothing to give back.";
}
