import { useCallback, useMemo, useState } from "react";
import type { ReactElement } from "react";
import { formatBytes, formatCount } from "../../text/format.js";
import { KeyText, VirtualList } from "../../ui/index.js";
import { formatClock } from "./clock.js";
import type { EventRow } from "./event-row.js";
import { previewOf } from "./preview.js";

export interface EventListProps {
  /** Oldest first. */
  readonly rows: readonly EventRow[];
  /** Sequence of the row that is open, 0 for none. */
  readonly opened: number;
  readonly onOpen: (sequence: number) => void;
  /** The newest row stays in sight. */
  readonly follow: boolean;
  readonly onFollow: (follow: boolean) => void;
}

const words: Readonly<Record<EventRow["kind"], string>> = {
  create: "create",
  update: "update",
  delete: "delete",
};

export function EventList({ rows, opened, onOpen, follow, onFollow }: EventListProps): ReactElement {
  const [activeSequence, setActiveSequence] = useState(0);
  const place = useMemo(
    () => indexOf(rows, opened === 0 ? activeSequence : opened),
    [rows, activeSequence, opened],
  );
  const active = follow ? rows.length - 1 : place;
  const onActive = useCallback(
    (index: number) => {
      setActiveSequence(rows[index]?.sequence ?? 0);
      onFollow(index === rows.length - 1);
    },
    [rows, onFollow],
  );
  return (
    <VirtualList
      label="Changes, oldest first"
      count={rows.length}
      rowKey={(index) => rows[index]?.sequence ?? index}
      active={active}
      onActive={onActive}
      isSelected={(index) => rows[index]?.sequence === opened}
      onOpen={(index) => {
        const row = rows[index];
        if (row !== undefined) onOpen(row.sequence);
      }}
      renderRow={(index) => {
        const row = rows[index];
        return row === undefined ? null : <Row row={row} />;
      }}
    />
  );
}

function Row({ row }: { readonly row: EventRow }): ReactElement {
  return (
    <div className="live-row">
      <span className="live-time">{formatClock(row.seenAtMs)}</span>
      <span className={`live-kind is-${row.kind}`}>{words[row.kind]}</span>
      <span className="live-key">
        <KeyText bytes={row.key} truncate />
      </span>
      <span className="live-preview">{row.after === undefined ? "" : previewOf(row.after.value)}</span>
      <span className="live-size">{row.after === undefined ? "" : formatBytes(row.after.value.length)}</span>
      <span className="live-revision">{formatCount(row.revision)}</span>
    </div>
  );
}

/** Rows ascend by sequence. @returns -1 when the row was filtered out or dropped. */
export function indexOf(rows: readonly EventRow[], sequence: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.sequence ?? Infinity) < sequence) low = middle + 1;
    else high = middle;
  }
  return rows[low]?.sequence === sequence ? low : -1;
}
