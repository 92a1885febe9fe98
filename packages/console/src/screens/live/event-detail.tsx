import { formatPaddedHexId } from "@quorate/proto";
import { ArrowDown, ArrowUp, X } from "lucide-react";
import { useMemo } from "react";
import type { ReactElement } from "react";
import { decodeUtf8, escapeBytes, isEditableText } from "../../text/escape.js";
import { formatBytes, formatCount } from "../../text/format.js";
import { Badge, CopyButton, DescriptionList, IconButton } from "../../ui/index.js";
import { KeyLink } from "../leases/key-lines.js";
import { formatClock } from "./clock.js";
import type { EventRow } from "./event-row.js";
import { diffLines } from "./line-diff.js";
import { pretty } from "./pretty.js";

export interface EventDetailProps {
  readonly row: EventRow;
  readonly onClose: () => void;
  readonly onStep: (step: -1 | 1) => void;
}

const tones = { create: "good", update: "info", delete: "bad" } as const;
const titles = { create: "Created", update: "Updated", delete: "Deleted" } as const;

/** One change whole: what it was about and what differs from before. */
export function EventDetail({ row, onClose, onStep }: EventDetailProps): ReactElement {
  return (
    <section className="live-detail" aria-label="Details of the change">
      <header className="live-detail-head">
        <Badge tone={tones[row.kind]}>{titles[row.kind]}</Badge>
        <span className="live-detail-tools">
          <IconButton
            label="Change before"
            icon={<ArrowUp />}
            size="s"
            onClick={() => onStep(-1)}
            tooltip={false}
          />
          <IconButton
            label="Change after"
            icon={<ArrowDown />}
            size="s"
            onClick={() => onStep(1)}
            tooltip={false}
          />
          <IconButton label="Close details" icon={<X />} size="s" onClick={onClose} tooltip={false} />
        </span>
      </header>
      <h2 className="live-detail-key">
        <KeyLink bytes={row.key} />
        <CopyButton label="Copy key" text={() => escapeBytes(row.key)} />
      </h2>
      <DescriptionList items={facts(row)} />
      <Values row={row} />
    </section>
  );
}

function facts({ revision, after, before, seenAtMs }: EventRow): { label: string; value: string }[] {
  const lease = after?.lease ?? 0n;
  return [
    { label: "Revision", value: formatCount(revision) },
    { label: "Seen at", value: formatClock(seenAtMs) },
    ...(after === undefined
      ? []
      : [
          { label: "Version", value: formatCount(after.version) },
          { label: "Created at revision", value: formatCount(after.createRevision) },
          { label: "Lease", value: lease === 0n ? "none" : formatPaddedHexId(lease) },
        ]),
    {
      label: "Size",
      value: [before, after]
        .map((state) => (state === undefined ? "–" : formatBytes(state.value.length)))
        .join(" → "),
    },
  ];
}

function Values({ row }: { readonly row: EventRow }): ReactElement {
  const { before, after } = row;
  const lines = useMemo(() => {
    const was = before === undefined ? undefined : textOf(before.value);
    const is = after === undefined ? undefined : textOf(after.value);
    if (was !== undefined && is !== undefined) return diffLines(was, is);
    if (is !== undefined) return is.split("\n").map((text) => ({ kind: "added" as const, text }));
    return (was ?? "").split("\n").map((text) => ({ kind: "removed" as const, text }));
  }, [before, after]);
  if (before === undefined && after === undefined) {
    return <p className="live-note">What it was before is not known: it was compacted.</p>;
  }
  const note = noteOf(row);
  return (
    <div className="live-values">
      <div className="live-values-head">
        <span>{note}</span>
        {after !== undefined && <CopyButton label="Copy value" text={() => textOf(after.value)} />}
      </div>
      <pre className="live-diff" tabIndex={0} aria-label={note}>
        {lines.map((line, at) => (
          <span key={at} className={`is-${line.kind}`}>
            <span className="live-diff-mark">{{ same: " ", removed: "−", added: "+" }[line.kind]}</span>
            {line.text}
            {"\n"}
          </span>
        ))}
      </pre>
    </div>
  );
}

function noteOf({ kind, before }: EventRow): string {
  if (kind === "create") return "The value";
  if (kind === "delete") return "What was deleted";
  return before === undefined ? "The value; what was before is not known" : "What changed";
}

/** Values on the screen; the rest of a longer one is better read in the keys view. */
const shownBytesMax = 64 * 1024;

function textOf(value: Uint8Array): string {
  const cut = value.subarray(0, shownBytesMax);
  const text = decodeUtf8(cut);
  const shown = text !== undefined && isEditableText(text) ? pretty(text) : escapeBytes(cut);
  return value.length > shownBytesMax
    ? `${shown}\n… ${formatBytes(value.length - shownBytesMax)} more`
    : shown;
}
