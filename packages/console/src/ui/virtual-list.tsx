import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useRef } from "react";
import type { KeyboardEvent, ReactElement, ReactNode } from "react";
import { classNames } from "./class-names.js";
import "./virtual-list.css";

export interface VirtualListProps {
  readonly label: string;
  /** Rows there are; only those in sight are in the document. */
  readonly count: number;
  readonly rowKey: (index: number) => string | number;
  readonly renderRow: (index: number, active: boolean) => ReactNode;
  /** The row that arrow keys move from, -1 for none. Focus stays on the list; the row is its active descendant. */
  readonly active: number;
  readonly onActive: (index: number) => void;
  /** Enter, space or a click on the row. */
  readonly onOpen?: ((index: number) => void) | undefined;
  /** Keys the list itself does not take, with the active row. Return true for those that were used. */
  readonly onRowKey?: ((event: KeyboardEvent, index: number) => boolean) | undefined;
  /** A tree tells each row's place in it. */
  readonly role?: "listbox" | "tree" | undefined;
  readonly treeRow?: ((index: number) => TreeRowPlace) | undefined;
  readonly isSelected?: ((index: number) => boolean) | undefined;
  /** Called when the last rows come near, to load more. */
  readonly onNearEnd?: (() => void) | undefined;
  /** Called with the rows in sight, the last one exclusive. */
  readonly onRange?: ((start: number, end: number) => void) | undefined;
  readonly className?: string | undefined;
}

export interface TreeRowPlace {
  readonly level: number;
  readonly expanded?: boolean | undefined;
}

/** Rows beyond the edge that are drawn in advance, and at which more are asked for. */
const overscanRows = 12;
const nearEndRows = 60;

/** A list or tree of any length with one focus stop: arrows, Home, End, Page keys and Enter work on the active row. */
export function VirtualList(props: VirtualListProps): ReactElement {
  const {
    label,
    count,
    rowKey,
    renderRow,
    active,
    onActive,
    onOpen,
    onRowKey,
    role = "listbox",
    treeRow,
  } = props;
  const { isSelected, onNearEnd, onRange, className } = props;
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const rowPx = useRowPx();
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => frame.current,
    estimateSize: () => rowPx,
    overscan: overscanRows,
    getItemKey: rowKey,
    // The first paint, and environments that lay nothing out, still draw a screenful.
    initialRect: { width: 400, height: 600 },
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const end = (items.at(-1)?.index ?? -1) + 1;
  useEffect(() => {
    if (end >= count - nearEndRows) onNearEnd?.();
  }, [end, count, onNearEnd]);
  useEffect(() => onRange?.(first, end), [first, end, onRange]);
  useEffect(() => {
    if (active >= 0 && active < count) virtualizer.scrollToIndex(active, { align: "auto" });
    // Rows that come or go above do not move what a person is looking at; only a new choice does.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [active]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (onRowKey?.(event, active) === true) {
      event.preventDefault();
      return;
    }
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 0) / rowPx) - 1);
    const next = nextIndex(event.key, { active, count, page });
    if (next !== undefined) {
      event.preventDefault();
      onActive(next);
    } else if ((event.key === "Enter" || event.key === " ") && active >= 0) {
      event.preventDefault();
      onOpen?.(active);
    }
  };

  return (
    <div
      ref={frame}
      className={classNames("q-list", className)}
      role={role}
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={active >= first && active < end ? `${id}-${active}` : undefined}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" className="q-list-inner" style={{ height: virtualizer.getTotalSize() }}>
        {items.map((item) => {
          const place = treeRow?.(item.index);
          return (
            <div
              key={item.key}
              id={`${id}-${item.index}`}
              role={role === "tree" ? "treeitem" : "option"}
              aria-selected={isSelected?.(item.index) ?? item.index === active}
              aria-level={place?.level}
              aria-expanded={place?.expanded}
              aria-setsize={role === "tree" ? undefined : count}
              aria-posinset={role === "tree" ? undefined : item.index + 1}
              className={classNames("q-list-row", item.index === active && "is-active")}
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
              onClick={() => {
                onActive(item.index);
                onOpen?.(item.index);
              }}
            >
              {renderRow(item.index, item.index === active)}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Where a key leads. @returns undefined for keys that do not move. */
export function nextIndex(
  key: string,
  { active, count, page }: { active: number; count: number; page: number },
): number | undefined {
  if (count === 0) return undefined;
  const clamp = (index: number): number => Math.min(count - 1, Math.max(0, index));
  switch (key) {
    case "ArrowDown":
      return clamp(active + 1);
    case "ArrowUp":
      return clamp(active < 0 ? count - 1 : active - 1);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    case "PageDown":
      return clamp(active + page);
    case "PageUp":
      return clamp(active - page);
    default:
      return undefined;
  }
}

/** The token `--row`, which is larger for fingers than for pointers. */
function useRowPx(): number {
  const token = getComputedStyle(document.documentElement).getPropertyValue("--row");
  return Number.parseFloat(token) || 28;
}
