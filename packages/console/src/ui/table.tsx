import type { ReactElement, ReactNode } from "react";
import { classNames } from "./class-names.js";
import "./table.css";

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  /** The header is for assistive technology only, such as over a column of buttons. */
  readonly hideHeader?: boolean | undefined;
  readonly cell: (row: Row) => ReactNode;
  readonly align?: "start" | "end" | undefined;
  readonly mono?: boolean | undefined;
  /** CSS width; columns without one share the rest. */
  readonly width?: string | undefined;
}

export interface TableProps<Row> {
  /** Names the table for assistive technology. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** The row can be opened; its first cell becomes a button for the keyboard. */
  readonly onOpen?: ((row: Row) => void) | undefined;
  readonly isCurrent?: ((row: Row) => boolean) | undefined;
  readonly empty?: ReactNode;
}

/** A real table for up to some hundred rows. Below 640 px each row becomes a card with its headers as labels. */
export function Table<Row>(props: TableProps<Row>): ReactElement {
  const { caption, columns, rows, rowKey, onOpen, isCurrent, empty } = props;
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  return (
    <div className="q-table-frame">
      <table className="q-table">
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ id, header, hideHeader, align, width }) => (
              <th
                key={id}
                scope="col"
                className={classNames(align === "end" && "is-end")}
                style={width === undefined ? {} : { width }}
              >
                {hideHeader === true ? <span className="visually-hidden">{header}</span> : header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={rowKey(row)}
              className={classNames(onOpen !== undefined && "can-open")}
              aria-current={isCurrent?.(row) === true || undefined}
              onClick={
                onOpen === undefined ? undefined : (event) => isPlainClick(event.target) && onOpen(row)
              }
            >
              {columns.map((column, at) => (
                <td
                  key={column.id}
                  data-label={column.hideHeader === true ? "" : column.header}
                  className={classNames(column.align === "end" && "is-end", column.mono === true && "mono")}
                >
                  {at === 0 && onOpen !== undefined ? (
                    <button className="q-table-open" onClick={() => onOpen(row)}>
                      {column.cell(row)}
                    </button>
                  ) : (
                    column.cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Clicks on a control inside a row belong to the control. */
function isPlainClick(target: EventTarget): boolean {
  return target instanceof Element && target.closest("button, a, input, label, [role=menuitem]") === null;
}
