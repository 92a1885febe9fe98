/** Leases: keys that live as long as somebody cares, and how long that still is. */
import { formatPaddedHexId, parseSignedHexId, toInt64 } from "@quorate/proto";
import { Plus, Search, Timer } from "lucide-react";
import { useDeferredValue, useState } from "react";
import type { ReactElement } from "react";
import { count, oneOf, text, useUrlState } from "../../app/url-state.js";
import { useMayWrite } from "../../data/index.js";
import { formatCount, formatDuration, plural } from "../../text/format.js";
import {
  Button,
  EmptyState,
  ErrorState,
  KeyText,
  Page,
  PageHeader,
  Panel,
  Skeleton,
  Table,
  TextField,
  useNow,
} from "../../ui/index.js";
import type { Column } from "../../ui/index.js";
import { WriteButton } from "../members/write-button.js";
import type { LeaseView } from "./countdown.js";
import { GrantDialog } from "./grant-dialog.js";
import { LeaseDialog } from "./lease-dialog.js";
import { matchesLease } from "./match.js";
import { RevokeDialog } from "./revoke-dialog.js";
import { TimeLeft } from "./time-left.js";
import { PAGE_LEASES, useLeases } from "./use-leases.js";
import "./leases.css";

const parameters = {
  q: text(),
  pages: count(1),
  lease: text(),
  do: oneOf(["none", "grant", "revoke"], "none"),
};

export function Screen(): ReactElement {
  const [state, set] = useUrlState(parameters);
  const mayWrite = useMayWrite();
  const leases = useLeases(Math.max(1, state.pages));
  const filter = useDeferredValue(state.q);
  const chosen = state.lease === "" ? undefined : parseLeaseId(state.lease);
  // A link may open a question for somebody who may not answer it.
  const asked = mayWrite.allowed ? state.do : "none";
  const closeDialog = (): void => set({ do: "none" });
  return (
    <Page>
      <PageHeader
        title="Leases"
        description="Keys hang on leases and go when theirs runs out. Whoever keeps a key alive renews its lease before that."
        actions={
          <WriteButton
            variant="primary"
            icon={<Plus />}
            mayWrite={mayWrite}
            onClick={() => set({ do: "grant" }, { push: true })}
          >
            Grant a lease
          </WriteButton>
        }
      />
      <div className="leases-tools">
        <TextField
          label="Filter by ID or key"
          hideLabel
          placeholder="Filter by ID or key"
          leading={<Search aria-hidden />}
          value={state.q}
          onChange={(q) => set({ q })}
        />
        {leases.data !== undefined && (
          <span className="leases-count" role="status">
            {plural(leases.data.total, "lease")}
          </span>
        )}
      </div>
      {leases.isPending && <Skeleton lines={6} />}
      {leases.isError && leases.data === undefined && (
        <ErrorState error={leases.error} onRetry={() => void leases.refetch()} />
      )}
      {leases.data !== undefined && (
        <LeaseTable
          leases={leases.data.leases}
          filter={filter}
          onOpen={(lease) => set({ lease: formatPaddedHexId(lease.id) }, { push: true })}
          onForget={() => set({ q: "" })}
        />
      )}
      {leases.data !== undefined && leases.data.hasMore && (
        <div className="leases-more">
          <Button busy={leases.isFetching} onClick={() => set({ pages: state.pages + 1 })}>
            Show {formatCount(PAGE_LEASES)} more
          </Button>
          <span>
            {formatCount(leases.data.leases.length)} of {formatCount(leases.data.total)}
            {filter !== "" && " are searched"}
          </span>
        </div>
      )}
      {asked === "grant" && <GrantDialog onClose={closeDialog} />}
      {chosen !== undefined && asked === "revoke" && (
        <RevokeDialog id={chosen} onClose={closeDialog} onRevoked={() => set({ lease: "", do: "none" })} />
      )}
      {chosen !== undefined && asked !== "revoke" && (
        <LeaseDialog
          id={chosen}
          mayWrite={mayWrite}
          onClose={() => set({ lease: "" })}
          onRevoke={() => set({ do: "revoke" }, { push: true })}
        />
      )}
    </Page>
  );
}

/** Unsigned hex as listed, or signed as some tools print it. */
function parseLeaseId(hex: string): bigint | undefined {
  const id = /^[0-9a-fA-F]{1,16}$/.test(hex) ? toInt64(BigInt(`0x${hex}`)) : parseSignedHexId(hex);
  return id === 0n ? undefined : id;
}

interface LeaseTableProps {
  readonly leases: readonly LeaseView[];
  readonly filter: string;
  readonly onOpen: (lease: LeaseView) => void;
  readonly onForget: () => void;
}

function LeaseTable({ leases, filter, onOpen, onForget }: LeaseTableProps): ReactElement {
  const nowMs = useNow(500);
  const [order, setOrder] = useState<"listed" | "ending">("listed");
  const found = leases.filter((lease) => matchesLease(lease, filter));
  const rows = order === "ending" ? found.toSorted((a, b) => endOf(a) - endOf(b)) : found;
  if (leases.length === 0) {
    return (
      <EmptyState icon={<Timer />} title="No lease is alive">
        A lease appears when a client registers itself, takes a lock or stores a key that is to expire.
      </EmptyState>
    );
  }
  if (rows.length === 0) {
    return (
      <EmptyState
        icon={<Search />}
        title={`No lease matches "${filter}"`}
        action={<Button onClick={onForget}>Show all</Button>}
      >
        The ID in hexadecimal and the keys of each lease were searched.
      </EmptyState>
    );
  }
  const columns: Column<LeaseView>[] = [
    { id: "id", header: "ID", mono: true, cell: (lease) => formatPaddedHexId(lease.id) },
    {
      id: "left",
      header: "Time left",
      width: "15rem",
      cell: (lease) => <TimeLeft lease={lease} nowMs={nowMs} />,
    },
    { id: "granted", header: "Granted", align: "end", cell: (lease) => formatDuration(lease.grantedSeconds) },
    { id: "count", header: "Keys", align: "end", cell: (lease) => formatCount(lease.keys.length) },
    { id: "keys", header: "First key", cell: (lease) => <FirstKey lease={lease} /> },
  ];
  return (
    <Panel
      flush
      title="Alive"
      actions={
        <Button
          size="s"
          variant="quiet"
          aria-pressed={order === "ending"}
          onClick={() => setOrder(order === "ending" ? "listed" : "ending")}
        >
          Ending soonest first
        </Button>
      }
    >
      <Table
        caption="Leases"
        columns={columns}
        rows={rows}
        rowKey={(lease) => String(lease.id)}
        onOpen={onOpen}
      />
    </Panel>
  );
}

function endOf(lease: LeaseView): number {
  return lease.seenAtMs + lease.leftSeconds * 1000;
}

function FirstKey({ lease }: { readonly lease: LeaseView }): ReactElement {
  const [first] = lease.keys;
  if (first === undefined) return <span className="leases-none">none</span>;
  return <KeyText bytes={first} emphasis truncate />;
}
