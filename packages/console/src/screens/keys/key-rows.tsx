import { ChevronRight, Ellipsis, File, Folder, FolderOpen, Hourglass, RotateCw } from "lucide-react";
import { memo, useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { KeyboardEvent, ReactElement } from "react";
import { describeError, useClients, useIsCurrent } from "../../data/index.js";
import { latin1 } from "../../text/bytes.js";
import { formatBytes, formatCount, plural } from "../../text/format.js";
import {
  Badge,
  Button,
  classNames,
  EmptyState,
  ErrorState,
  IconButton,
  KeyText,
  Skeleton,
  VirtualList,
} from "../../ui/index.js";
import type { KeyEvents } from "./key-events.js";
import type { KeysState, SetKeysState } from "./keys-state.js";
import { childrenMax } from "./tree-model.js";
import type { TreeChild, TreeModel, TreeRow } from "./tree-model.js";
import { TreeSession } from "./tree-session.js";
import type { LiveState, TreeSnapshot } from "./tree-session.js";
import { useKeyCount } from "./use-key-count.js";

export interface KeyRowsProps {
  readonly state: KeysState;
  readonly set: SetKeysState;
  readonly events: KeyEvents;
}

/** The tree or the list of keys below the prefix, as they are now or were at a revision. */
export function KeyRows({ state, set, events }: KeyRowsProps): ReactElement {
  const { prefix, rev, view, key, folder } = state;
  const { session, snapshot } = useTreeSession(state, events);
  const { model, touched } = snapshot;
  const rows = model.rows;
  const chosen = key ?? folder;
  const chosenId = chosen === undefined ? undefined : latin1(chosen);
  const [active, setActive] = useState<string | undefined>(chosenId);
  const activeAt = active === undefined ? -1 : model.placeOf(active);

  useEffect(() => {
    if (key !== undefined) session.reveal(key);
  }, [session, key]);

  const onRange = useCallback(
    (start: number, end: number) => {
      for (const row of session.snapshot().model.rows.slice(start, end)) {
        if (row.kind === "more") void session.more(row.parent);
      }
    },
    [session],
  );
  const showFolder = useCallback(
    (child: TreeChild) => set({ folder: child.name, key: undefined }, { push: true }),
    [set],
  );
  const choose = (row: TreeRow | undefined): void => {
    if (row?.kind === "failed") session.retry(row.parent);
    if (row?.kind !== "child") return;
    if (!row.child.isFolder)
      set({ key: row.child.name, folder: undefined, edit: false, at: 0n }, { push: true });
    else {
      session.toggle(row.id);
      if (matchMedia("(min-width: 860px)").matches) showFolder(row.child);
    }
  };
  const onRowKey = (event: KeyboardEvent, at: number): boolean => {
    const next = treeKey(event.key, rows[at], model);
    if (next === undefined) return false;
    if (next.toggle !== undefined) session.toggle(next.toggle);
    if (next.active !== undefined) setActive(next.active);
    return true;
  };

  if (model.root.status === "failed" && model.root.pages.length === 0) {
    return <ErrorState error={model.root.error} onRetry={() => session.retry(model.root)} />;
  }
  if (model.root.pages.length === 0) return <Skeleton lines={8} />;
  if (rows[0]?.kind === "empty") return <NoKeys isAll={prefix.length === 0} isPast={rev !== 0n} />;
  return (
    <>
      <VirtualList
        label="Keys"
        role={view === "tree" ? "tree" : "listbox"}
        className="keys-rows"
        count={rows.length}
        rowKey={(at) => rows[at]?.id ?? at}
        active={activeAt}
        onActive={(at) => setActive(rows[at]?.id)}
        onOpen={(at) => choose(rows[at])}
        onRowKey={onRowKey}
        onRange={onRange}
        isSelected={(at) => rows[at]?.id === chosenId}
        treeRow={(at) => treePlace(rows[at], model)}
        renderRow={(at) => {
          const row = rows[at];
          if (row === undefined) return null;
          if (row.kind !== "child") return <TailRow row={row} onRetry={() => session.retry(row.parent)} />;
          return (
            <ChildRow
              child={row.child}
              depth={row.depth}
              skip={row.parent.id.length}
              isOpen={model.isOpen(row.id)}
              isTouched={touched.has(row.id)}
              onDetails={showFolder}
            />
          );
        }}
      />
      <StatusLine live={snapshot.live} state={state} events={events} />
    </>
  );
}

function useTreeSession(
  { prefix, rev, view }: KeysState,
  events: KeyEvents,
): { session: TreeSession; snapshot: TreeSnapshot } {
  const clients = useClients();
  const session = useMemo(
    () =>
      new TreeSession({
        clients,
        prefix,
        view,
        revision: rev,
        onEvents: events.publish,
        onGap: events.publishGap,
      }),
    [clients, prefix, view, rev, events],
  );
  useEffect(() => session.start(), [session]);
  useEffect(() => (rev === 0n ? events.begin(prefix) : undefined), [events, prefix, rev]);
  return { session, snapshot: useSyncExternalStore(session.subscribe, session.snapshot) };
}

/** Right opens or steps in, left closes or steps out, as trees do everywhere. */
export function treeKey(
  key: string,
  row: TreeRow | undefined,
  model: TreeModel,
): { readonly toggle?: string; readonly active?: string } | undefined {
  if (row === undefined || (key !== "ArrowRight" && key !== "ArrowLeft")) return undefined;
  const isFolder = row.kind === "child" && row.child.isFolder;
  const isOpen = isFolder && model.isOpen(row.id);
  if (key === "ArrowRight") {
    if (!isFolder) return {};
    if (!isOpen) return { toggle: row.id };
    const inside = model.rows[model.placeOf(row.id) + 1];
    return inside === undefined ? {} : { active: inside.id };
  }
  if (isOpen) return { toggle: row.id };
  return row.parent === model.root ? {} : { active: row.parent.id };
}

function treePlace(row: TreeRow | undefined, model: TreeModel): { level: number; expanded?: boolean } {
  const level = (row?.depth ?? 0) + 1;
  return row?.kind === "child" && row.child.isFolder ? { level, expanded: model.isOpen(row.id) } : { level };
}

interface ChildRowProps {
  readonly child: TreeChild;
  readonly depth: number;
  /** Characters of the name that the folder above has said already. */
  readonly skip: number;
  readonly isOpen: boolean;
  readonly isTouched: boolean;
  readonly onDetails: (child: TreeChild) => void;
}

/** Drawn again only when it changed: scrolling moves some forty of them every frame. */
const ChildRow = memo(function ChildRow(props: ChildRowProps): ReactElement {
  const { child, depth, skip, isOpen, isTouched, onDetails } = props;
  const name = useMemo(() => child.name.subarray(skip), [child.name, skip]);
  return (
    <span
      className={classNames("keys-row", isTouched && "is-touched")}
      style={{ paddingLeft: `${depth * 1.125}rem` }}
    >
      {child.isFolder ? (
        <>
          <ChevronRight aria-hidden className={classNames("keys-chevron", isOpen && "is-open")} />
          {isOpen ? (
            <FolderOpen aria-hidden className="keys-icon is-folder" />
          ) : (
            <Folder aria-hidden className="keys-icon is-folder" />
          )}
        </>
      ) : (
        <File aria-hidden className="keys-icon is-key" />
      )}
      <KeyText bytes={name} truncate className="keys-name" />
      {child.lease !== 0n && <Hourglass aria-label="has a lease" className="keys-lease" />}
      {!child.isFolder && child.valueBytes >= 0 && (
        <span className="keys-size">{formatBytes(child.valueBytes)}</span>
      )}
      {child.isFolder && (
        <IconButton
          label="Folder actions"
          size="s"
          tooltip={false}
          tabIndex={-1}
          className="keys-more"
          icon={<Ellipsis />}
          onClick={(event) => {
            event.stopPropagation();
            onDetails(child);
          }}
        />
      )}
    </span>
  );
});

function TailRow({ row, onRetry }: { readonly row: TreeRow; readonly onRetry: () => void }): ReactElement {
  const indent = { paddingLeft: `${row.depth * 1.125 + 1.375}rem` };
  if (row.kind === "failed") {
    return (
      <span className="keys-tail is-bad" style={indent}>
        {describeError(row.parent.error).title}
        <Button size="s" variant="quiet" icon={<RotateCw />} tabIndex={-1} onClick={onRetry}>
          Try again
        </Button>
      </span>
    );
  }
  const words = {
    more: "Loading…",
    empty: "Nothing in here",
    full: `${formatCount(childrenMax)} shown. Narrow the prefix to go on.`,
  };
  return (
    <span className="keys-tail" style={indent}>
      {row.kind === "child" ? "" : words[row.kind]}
    </span>
  );
}

function NoKeys({ isAll, isPast }: { readonly isAll: boolean; readonly isPast: boolean }): ReactElement {
  if (isPast) return <EmptyState icon={<Folder />} title="Nothing was here at that revision" />;
  if (isAll)
    return (
      <EmptyState icon={<Folder />} title="The store is empty">
        Put the first key with “New key”.
      </EmptyState>
    );
  return <EmptyState icon={<Folder />} title="No key begins with this prefix" />;
}

const liveWords: Readonly<Record<LiveState | "cut", string>> = {
  live: "Live",
  connecting: "Connecting…",
  lost: "Not live: reconnecting…",
  over: "Not live",
  cut: "Not live: no answer from the cluster",
  past: "As it was",
};

interface StatusLineProps {
  readonly live: LiveState;
  readonly state: KeysState;
  readonly events: KeyEvents;
}

function StatusLine({ live, state, events }: StatusLineProps): ReactElement {
  const { count } = useKeyCount(state.prefix, state.rev, events);
  const isCurrent = useIsCurrent();
  const known = live === "live" && !isCurrent ? "cut" : live;
  const tone = known === "live" ? "good" : known === "past" ? "warn" : "neutral";
  return (
    <div className="keys-status">
      <Badge tone={tone} dot>
        {liveWords[known]}
      </Badge>
      {count !== undefined && <span>{plural(count, "key")}</span>}
    </div>
  );
}
