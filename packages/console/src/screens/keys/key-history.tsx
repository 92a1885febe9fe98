import { ArchiveRestore, CircleDot, CirclePlus, CircleX } from "lucide-react";
import { consolepb } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import { useState } from "react";
import type { ReactElement } from "react";
import { stream, useClients, useClusterQuery, useMayWrite } from "../../data/index.js";
import { latin1 } from "../../text/bytes.js";
import { formatBytes, formatCount } from "../../text/format.js";
import {
  Button,
  Callout,
  ConfirmDialog,
  EmptyState,
  ErrorState,
  Segmented,
  Skeleton,
  useToast,
} from "../../ui/index.js";
import { describeChange } from "./history-change.js";
import type { HistoryChange } from "./history-change.js";
import { HistoryDiff } from "./history-diff.js";
import { putIfUnchanged } from "./key-writes.js";
import type { KeysState, SetKeysState } from "./keys-state.js";

export interface KeyHistoryProps {
  readonly keyBytes: Uint8Array;
  /** The key as it is now; absent when it does not exist. */
  readonly current: mvccpb.KeyValue | undefined;
  readonly state: KeysState;
  readonly set: SetKeysState;
}

const statesStep = 100;

/** Every state the store remembers of a key, what changed each time, and the way back to any of them. */
export function KeyHistory({ keyBytes, current, state, set }: KeyHistoryProps): ReactElement {
  const [limit, setLimit] = useState(statesStep);
  const write = useMayWrite(state.rev);
  const history = useClusterQuery(
    ["history", latin1(keyBytes), limit, String(current?.modRevision ?? 0n)],
    async (clients, signal) => {
      const states: consolepb.HistoryState[] = [];
      let end: consolepb.HistoryEnd = consolepb.HistoryEnd.UNSPECIFIED;
      for await (const part of clients.console.listHistory({ key: keyBytes, limit }, stream(signal))) {
        states.push(...part.states);
        end = part.end;
      }
      return { states, end };
    },
  );
  if (history.isPending) return <Skeleton lines={5} />;
  if (history.isError) return <ErrorState error={history.error} onRetry={() => void history.refetch()} />;
  const { states, end } = history.data;
  if (states.length === 0)
    return <EmptyState icon={<CircleDot />} title="The store remembers nothing of this key" />;
  const at = Math.max(
    0,
    states.findIndex(({ revision }) => revision === state.at),
  );
  const chosen = states[at];
  return (
    <div className="keys-history">
      <ol className="keys-states" aria-label="States, newest first">
        {states.map((entry, index) => (
          <li key={String(entry.revision)}>
            <button aria-current={index === at || undefined} onClick={() => set({ at: entry.revision })}>
              <ChangeLine change={describeChange(entry, states[index + 1], end)} revision={entry.revision} />
            </button>
          </li>
        ))}
        <li className="keys-states-end">
          <EndNote
            end={end}
            isWhole={states.at(-1)?.key?.version === 1n}
            onMore={() => setLimit(limit + statesStep)}
          />
        </li>
      </ol>
      <div className="keys-state">
        {chosen !== undefined && (
          <>
            <div className="keys-value-bar">
              <span className="keys-value-label">Compared with</span>
              <Segmented
                label="Compared with"
                value={state.against}
                onChange={(against) => set({ against })}
                options={[
                  { value: "before", label: "Before" },
                  { value: "now", label: "Now" },
                ]}
              />
              <span className="keys-tools-space" />
              <Button
                size="s"
                variant="quiet"
                onClick={() => set({ rev: chosen.revision, tab: "value" }, { push: true })}
              >
                Whole store then
              </Button>
              <Restore state={chosen} current={current} mayWrite={write.allowed} />
            </div>
            <HistoryDiff
              shown={chosen.key}
              before={state.against === "now" ? current : states[at + 1]?.key}
              against={state.against}
            />
          </>
        )}
      </div>
    </div>
  );
}

const icons = { created: CirclePlus, changed: CircleDot, deleted: CircleX };

function ChangeLine({
  change,
  revision,
}: {
  readonly change: HistoryChange;
  readonly revision: bigint;
}): ReactElement {
  const Icon = icons[change.kind];
  return (
    <>
      <Icon size={14} aria-hidden className={`keys-change is-${change.kind}`} />
      <span className="mono">{formatCount(revision)}</span>
      <span className="keys-change-words">{change.words}</span>
      {change.bytes !== undefined && <span className="keys-size">{formatBytes(change.bytes)}</span>}
    </>
  );
}

function EndNote({
  end,
  isWhole,
  onMore,
}: {
  readonly end: consolepb.HistoryEnd;
  /** The oldest state that is there is the one in which the key was created. */
  readonly isWhole: boolean;
  readonly onMore: () => void;
}): ReactElement {
  if (end === consolepb.HistoryEnd.LIMIT) {
    return (
      <Button size="s" variant="quiet" onClick={onMore}>
        Older states
      </Button>
    );
  }
  if (end !== consolepb.HistoryEnd.COMPACTED) return <span>The key begins here.</span>;
  return (
    <span>
      {isWhole
        ? "The key begins here. Whether there was one of its name before was compacted away."
        : "Older states were compacted away."}
    </span>
  );
}

interface RestoreProps {
  readonly state: consolepb.HistoryState;
  readonly current: mvccpb.KeyValue | undefined;
  readonly mayWrite: boolean;
}

/** Writes an old value again, onto the state that is shown as the current one. */
function Restore({ state, current, mayWrite }: RestoreProps): ReactElement | null {
  const clients = useClients();
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const { key } = state;
  if (key === undefined || key.modRevision === current?.modRevision) return null;
  return (
    <>
      <Button size="s" icon={<ArchiveRestore />} disabled={!mayWrite} onClick={() => setAsking(true)}>
        Restore
      </Button>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={`Restore the value of revision ${formatCount(state.revision)}?`}
        consequence={
          <>
            <p>The old value is written as a new version. Nothing of the history is lost.</p>
            {current === undefined && (
              <Callout tone="info">The key does not exist now; it is created again, without a lease.</Callout>
            )}
          </>
        }
        confirmLabel="Restore"
        onConfirm={async () => {
          const lease = current?.lease ?? 0n;
          const seen = current?.modRevision ?? 0n;
          const revision = await putIfUnchanged(clients, { key: key.key, value: key.value, lease, seen });
          toast.success("Restored", `at revision ${formatCount(revision)}`);
        }}
      />
    </>
  );
}
