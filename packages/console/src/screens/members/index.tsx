/** Who is a member, how each one is, and what can be done about it. */
import { Archive, Crown, HardDrive, Plus, Scissors, ServerOff, UserPlus } from "lucide-react";
import type { ReactElement } from "react";
import { useCommands } from "../../app/shortcuts.js";
import { describeError, useMayWrite, useOverview } from "../../data/index.js";
import {
  Callout,
  EmptyState,
  ErrorState,
  Menu,
  Button,
  Page,
  PageHeader,
  Skeleton,
  Stat,
  Stats,
  TimeAgo,
} from "../../ui/index.js";
import { formatBytes, formatCount } from "../../text/format.js";
import { AlarmCallouts } from "./alarms.js";
import { MemberCard } from "./member-card.js";
import { MemberDialogs } from "./dialogs.js";
import { storeUse, viewCluster } from "./member-view.js";
import type { ClusterView } from "./member-view.js";
import { countVotes, describeVotes } from "./quorum.js";
import { useMemberDialog } from "./open-dialog.js";
import { VoteBar } from "./vote-bar.js";
import { WriteButton } from "./write-button.js";
import "./members.css";

export function Screen(): ReactElement {
  const { overview, state, error } = useOverview();
  const { open } = useMemberDialog();
  const mayWrite = useMayWrite();
  useCommands([
    { id: "members.snapshot", label: "Download a snapshot", group: "Members", run: () => open("snapshot") },
    ...(mayWrite.allowed
      ? [
          { id: "members.learner", label: "Add a learner", group: "Members", run: () => open("add-learner") },
          {
            id: "members.compact",
            label: "Compact old revisions",
            group: "Members",
            run: () => open("compact"),
          },
        ]
      : []),
  ]);
  if (overview === undefined) {
    return (
      <Page>
        <PageHeader title="Members" />
        {state === "stale" ? <ErrorState error={error} /> : <Skeleton lines={8} />}
      </Page>
    );
  }
  const view = viewCluster(overview);
  const votes = countVotes(view.members);
  return (
    <Page>
      <PageHeader
        title="Members"
        description={describeVotes(votes, overview.hasQuorum)}
        actions={
          <>
            <Button icon={<Archive />} onClick={() => open("snapshot")}>
              Snapshot
            </Button>
            <WriteButton mayWrite={mayWrite} icon={<Scissors />} onClick={() => open("compact")}>
              Compact
            </WriteButton>
            <Menu
              label="Add a member"
              trigger={
                <Button variant="primary" icon={<Plus />}>
                  Add member
                </Button>
              }
              items={[
                {
                  label: "Add as learner",
                  icon: <UserPlus aria-hidden />,
                  hint: mayWrite.reason ?? "Catches up without a vote. The safe way.",
                  disabled: !mayWrite.allowed,
                  onSelect: () => open("add-learner"),
                },
                {
                  label: "Add as voter",
                  icon: <Plus aria-hidden />,
                  hint: mayWrite.reason ?? "Counts at once, also before it runs.",
                  disabled: !mayWrite.allowed,
                  onSelect: () => open("add-voter"),
                },
              ]}
            />
          </>
        }
      />
      {state === "stale" && (
        <Callout tone="warn" title={`${describeError(error).title}.`} role="status">
          Shown is what was known <TimeAgo ms={overview.gatheredAtMs} />.
        </Callout>
      )}
      {overview.error !== "" && (
        <Callout tone="warn" title="The member list could not be read afresh." role="status">
          {overview.error} Shown is the last one known.
        </Callout>
      )}
      {!overview.hasQuorum && (
        <Callout tone="bad" title="The cluster has no majority." role="alert">
          Reads that must be current and all writes wait until enough voters are back.
        </Callout>
      )}
      <AlarmCallouts alarms={overview.alarms} view={view} mayWrite={mayWrite} />
      <VoteBar members={view.members} votes={votes} />
      <ClusterStats view={view} revision={overview.revision} />
      {view.members.length === 0 ? (
        <EmptyState icon={<ServerOff />} title="No member is known">
          The console has not reached any member of this cluster yet.
        </EmptyState>
      ) : (
        <ul className="members-grid" aria-label="Members">
          {view.members.map((member) => (
            <MemberCard key={member.hexId} member={member} view={view} mayWrite={mayWrite} />
          ))}
        </ul>
      )}
      <MemberDialogs view={view} overview={overview} mayWrite={mayWrite} />
    </Page>
  );
}

function ClusterStats({
  view,
  revision,
}: {
  readonly view: ClusterView;
  readonly revision: bigint;
}): ReactElement {
  const uses = view.members.flatMap(({ status }) => (status === undefined ? [] : [storeUse(status)]));
  const fullest = uses.toSorted((a, b) => b.fileBytes - a.fileBytes)[0];
  const quota = fullest?.quotaBytes ?? 0;
  return (
    <Stats>
      <Stat
        label="Leader"
        value={
          <span className="members-leader">
            {view.leader !== undefined && <Crown size={16} aria-hidden />}
            {view.leader?.label ?? "None"}
          </span>
        }
        detail={`Term ${view.term}`}
        tone={view.leader === undefined ? "bad" : undefined}
      />
      <Stat label="Revision" value={formatCount(revision)} detail="of the store" />
      <Stat label="Raft index" value={formatCount(view.leaderIndex)} detail="of the leader" />
      <Stat
        label="Largest store"
        value={fullest === undefined ? "–" : formatBytes(fullest.fileBytes)}
        detail={
          quota > 0 && fullest !== undefined ? (
            <>
              <HardDrive size={12} aria-hidden className="members-inline-icon" />{" "}
              {Math.round((fullest.fileBytes / quota) * 100)} % of the quota of {formatBytes(quota)}
            </>
          ) : (
            "no quota told"
          )
        }
        tone={quota > 0 && fullest !== undefined && fullest.fileBytes > quota * 0.8 ? "warn" : undefined}
      />
    </Stats>
  );
}
