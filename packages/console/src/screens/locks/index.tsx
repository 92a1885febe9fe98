/** Locks and elections, decoded: who has it, since when, and who waits. */
import { Lock, Search } from "lucide-react";
import { useDeferredValue } from "react";
import type { ReactElement } from "react";
import { bytesParam, oneOf, text, useUrlState } from "../../app/url-state.js";
import { useMayWrite } from "../../data/index.js";
import { formatCount, plural } from "../../text/format.js";
import {
  Button,
  Callout,
  EmptyState,
  ErrorState,
  Page,
  PageHeader,
  Segmented,
  Skeleton,
  TextField,
  useNow,
} from "../../ui/index.js";
import { ContestCard } from "./contest-card.js";
import { matchesContest } from "./contest-view.js";
import type { ContestView } from "./contest-view.js";
import { PrefixField } from "./prefix-field.js";
import { TakeAwayDialog } from "./take-away-dialog.js";
import { SCAN_MAX, useContests } from "./use-contests.js";
import "./locks.css";

const parameters = {
  kind: oneOf(["all", "lock", "election"], "all"),
  q: text(),
  prefix: bytesParam(),
  take: text(),
};

export function Screen(): ReactElement {
  const [state, set] = useUrlState(parameters);
  const mayWrite = useMayWrite();
  const nowMs = useNow(500);
  const { query, sightings } = useContests(state.prefix);
  const filter = useDeferredValue(state.q);
  const contests = query.data?.contests ?? [];
  const shown = contests.filter(
    (contest) => (state.kind === "all" || contest.kind === state.kind) && matchesContest(contest, filter),
  );
  const taken = mayWrite.allowed ? findContender(contests, state.take) : undefined;
  return (
    <Page>
      <PageHeader
        title="Locks and elections"
        description="Whoever's key came first holds the lock or leads. The others wait in the order of their revisions."
      />
      <div className="locks-tools">
        <Segmented
          label="Kind"
          value={state.kind}
          onChange={(kind) => set({ kind }, { push: true })}
          options={[
            { value: "all", label: "All" },
            { value: "lock", label: "Locks" },
            { value: "election", label: "Elections" },
          ]}
        />
        <TextField
          label="Filter by name, lease or value"
          hideLabel
          placeholder="Filter by name, lease or value"
          leading={<Search aria-hidden />}
          value={state.q}
          onChange={(q) => set({ q })}
        />
        <PrefixField prefix={state.prefix} onChange={(prefix) => set({ prefix }, { push: true })} />
        {query.data !== undefined && (
          <span className="locks-count" role="status">
            {plural(shown.length, "contest")}
          </span>
        )}
      </div>
      {query.data?.truncated === true && (
        <Callout tone="warn" title="Not all keys were looked at.">
          There are more than {formatCount(SCAN_MAX)} keys here, and locks are found by looking at keys. Give
          the prefix under which yours live.
        </Callout>
      )}
      {query.isPending && <Skeleton lines={6} />}
      {query.isError && query.data === undefined && (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data !== undefined && shown.length === 0 && (
        <NothingFound found={contests.length > 0} onForget={() => set({ q: "", kind: "all" })} />
      )}
      <ul className="locks-list" aria-label="Locks and elections">
        {shown.map((contest) => (
          <ContestCard
            key={contest.holder.identity}
            contest={contest}
            sightings={sightings}
            nowMs={nowMs}
            seenAtMs={query.dataUpdatedAt}
            mayWrite={mayWrite}
            onTake={(identity) => set({ take: identity }, { push: true })}
          />
        ))}
      </ul>
      {taken !== undefined && <TakeAwayDialog {...taken} onClose={() => set({ take: "" })} />}
    </Page>
  );
}

function findContender(
  contests: readonly ContestView[],
  identity: string,
): { contest: ContestView; contender: ContestView["holder"] } | undefined {
  if (identity === "") return undefined;
  for (const contest of contests) {
    const contender = [contest.holder, ...contest.waiters].find((one) => one.identity === identity);
    if (contender !== undefined) return { contest, contender };
  }
  return undefined;
}

function NothingFound({
  found,
  onForget,
}: {
  readonly found: boolean;
  readonly onForget: () => void;
}): ReactElement {
  if (found) {
    return (
      <EmptyState
        icon={<Search />}
        title="Nothing matches"
        action={<Button onClick={onForget}>Show all</Button>}
      >
        Names, leases in hexadecimal and what candidates proclaim were searched.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={<Lock />} title="Nobody holds a lock or leads">
      Keys named like a lock or an election, with a lease behind them, appear here as soon as a client takes
      one.
    </EmptyState>
  );
}
