import { ArrowLeft, FileQuestion, Trash2 } from "lucide-react";
import { Link } from "@tanstack/react-router";
import { formatPaddedHexId } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import { useState } from "react";
import type { ReactElement } from "react";
import { keepCluster } from "../../app/url-state.js";
import { useMayWrite } from "../../data/index.js";
import { latin1 } from "../../text/bytes.js";
import { etcdctl, sdkCall } from "../../text/commands.js";
import { escapeBytes } from "../../text/escape.js";
import { formatCount } from "../../text/format.js";
import {
  Bytes,
  CopyAs,
  CopyButton,
  DescriptionList,
  EmptyState,
  ErrorState,
  IconButton,
  Skeleton,
  Tabs,
  useToast,
} from "../../ui/index.js";
import { DeleteKeyDialog } from "./delete-dialogs.js";
import { DraftNote } from "./draft-note.js";
import { useDrafts } from "./drafts.js";
import type { KeyEvents } from "./key-events.js";
import { KeyHistory } from "./key-history.js";
import { KeyPath } from "./key-path.js";
import type { KeysState, SetKeysState } from "./keys-state.js";
import { useKey } from "./use-key.js";
import { ValuePane } from "./value-pane.js";

export interface KeyDetailProps {
  readonly keyBytes: Uint8Array;
  readonly state: KeysState;
  readonly set: SetKeysState;
  readonly events: KeyEvents;
  /** Leads back to the list where there is room for one pane only. */
  readonly onBack?: (() => void) | undefined;
}

export function KeyDetail({ keyBytes, state, set, events, onBack }: KeyDetailProps): ReactElement {
  const query = useKey(keyBytes, state.rev, events);
  const write = useMayWrite(state.rev);
  const [deleting, setDeleting] = useState(false);
  const toast = useToast();
  const kv = query.data?.kv ?? undefined;
  const title = escapeBytes(keyBytes);
  // An edit outlives its key: what was typed is not lost because somebody deleted what it was meant for.
  const draft = useDrafts().get(keyBytes);
  const edited = kv ?? (state.edit && write.allowed ? draft?.base : undefined);
  return (
    <section className="keys-detail" aria-label={`Key ${title}`}>
      <header className="keys-head">
        {onBack !== undefined && (
          <IconButton label="Back to the keys" icon={<ArrowLeft />} onClick={onBack} />
        )}
        <h2>
          <KeyPath bytes={keyBytes} onPrefix={(prefix) => set({ prefix, q: "" }, { push: true })} />
        </h2>
        <div className="keys-head-actions">
          <CopyButton label="Copy the key" text={title} />
          <CopyAs {...copies(keyBytes, state, kv)} />
          <IconButton
            label={write.reason ?? "Delete this key"}
            size="s"
            icon={<Trash2 />}
            disabled={!write.allowed || kv === undefined}
            onClick={() => setDeleting(true)}
          />
        </div>
      </header>
      {query.isPending ? (
        <Skeleton lines={6} />
      ) : query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <>
          {kv !== undefined && <Metadata kv={kv} />}
          <Tabs
            label="About the key"
            className="keys-tabs"
            value={state.tab}
            onChange={(tab) => set({ tab, at: 0n })}
            items={[
              { value: "value", label: "Value" },
              { value: "history", label: "History" },
            ]}
          >
            {(tab) =>
              tab === "history" ? (
                <KeyHistory keyBytes={keyBytes} current={kv} state={state} set={set} />
              ) : edited === undefined ? (
                <>
                  {write.allowed && <DraftNote keyBytes={keyBytes} set={set} />}
                  <Absent isPast={state.rev !== 0n} />
                </>
              ) : (
                <ValuePane
                  key={latin1(keyBytes)}
                  kv={edited}
                  isGone={kv === undefined}
                  state={state}
                  set={set}
                />
              )
            }
          </Tabs>
        </>
      )}
      {kv !== undefined && (
        <DeleteKeyDialog
          open={deleting}
          kv={kv}
          onClose={() => setDeleting(false)}
          onDeleted={() => {
            toast.success("Deleted", title);
            void query.refetch();
          }}
        />
      )}
    </section>
  );
}

function Metadata({ kv }: { readonly kv: mvccpb.KeyValue }): ReactElement {
  const lease = formatPaddedHexId(kv.lease);
  return (
    <div className="keys-facts">
      <DescriptionList
        items={[
          { label: "Modified at", value: <Revision value={kv.modRevision} /> },
          { label: "Created at", value: <Revision value={kv.createRevision} /> },
          { label: "Version", value: formatCount(kv.version) },
          { label: "Size", value: <Bytes value={kv.value.length} /> },
          {
            label: "Lease",
            value:
              kv.lease === 0n ? (
                "None"
              ) : (
                <Link
                  to="/leases"
                  search={(previous) => ({ ...keepCluster(previous), lease })}
                  className="mono"
                >
                  {lease}
                </Link>
              ),
          },
        ]}
      />
    </div>
  );
}

function Revision({ value }: { readonly value: bigint }): ReactElement {
  return <span className="mono">{formatCount(value)}</span>;
}

function Absent({ isPast }: { readonly isPast: boolean }): ReactElement {
  return (
    <EmptyState
      icon={<FileQuestion />}
      title={isPast ? "The key did not exist then" : "There is no such key"}
    >
      Its history may tell what became of it.
    </EmptyState>
  );
}

function copies(
  key: Uint8Array,
  { rev }: KeysState,
  kv: mvccpb.KeyValue | undefined,
): { etcdctl: string; typescript: string; more: { label: string; text: () => string }[] } {
  const isNow = rev === 0n;
  const value = kv?.value;
  return {
    etcdctl: etcdctl("get", [key], isNow ? [] : [`--rev=${rev}`]),
    typescript: sdkCall("get", [key], isNow ? {} : { revision: `${rev}n` }),
    more:
      value === undefined
        ? []
        : [
            { label: "Copy put as etcdctl", text: () => etcdctl("put", [key, value]) },
            { label: "Copy put as TypeScript", text: () => sdkCall("put", [key, value]) },
          ],
  };
}
