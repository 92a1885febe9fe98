import { ChevronLeft, ChevronRight, History, Undo2 } from "lucide-react";
import type { ReactElement } from "react";
import { useOverview } from "../../data/index.js";
import { formatCount } from "../../text/format.js";
import { Button, IconButton, TextField } from "../../ui/index.js";
import { useDraft } from "./use-draft.js";

export interface PastBarProps {
  /** 0n for now. */
  readonly rev: bigint;
  readonly onChange: (rev: bigint) => void;
}

const slideRestMs = 120;
/** A typed revision waits for Enter or for the field to be left, not for a pause. */
const typingRestMs = 3_600_000;

/** The store as it was at a revision: a bar one cannot overlook, with the way back. Nothing now. */
export function PastBar({ rev, onChange }: PastBarProps): ReactElement | null {
  const { overview } = useOverview();
  const newest = overview?.revision ?? 0n;
  if (rev === 0n) return null;
  return <PastControls rev={rev} newest={newest > rev ? newest : rev} onChange={onChange} />;
}

function PastControls({ rev, newest, onChange }: PastBarProps & { readonly newest: bigint }): ReactElement {
  const [typed, setTyped] = useDraft(String(rev), typingRestMs, () => undefined);
  const [slid, setSlid] = useDraft(Number(rev), slideRestMs, (next) => onChange(BigInt(next)));
  const submit = (): void => {
    if (/^[1-9]\d{0,18}$/.test(typed)) onChange(BigInt(typed));
  };
  return (
    <div className="keys-past" role="region" aria-label="Time travel">
      <History size={16} aria-hidden />
      <strong>You are looking at the past</strong>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <IconButton
          label="One revision back"
          size="s"
          icon={<ChevronLeft />}
          disabled={rev <= 1n}
          onClick={() => onChange(rev - 1n)}
        />
        <TextField
          mono
          label="Revision"
          hideLabel
          inputMode="numeric"
          value={typed}
          onChange={setTyped}
          onBlur={submit}
        />
        <IconButton
          label="One revision on"
          size="s"
          icon={<ChevronRight />}
          disabled={rev >= newest}
          onClick={() => onChange(rev + 1n)}
        />
      </form>
      <input
        type="range"
        aria-label="Revision"
        min={1}
        max={Number(newest)}
        value={slid}
        onChange={(event) => {
          setSlid(Number(event.target.value));
          setTyped(event.target.value);
        }}
      />
      <span className="keys-past-of">of {formatCount(newest)}</span>
      <Button size="s" icon={<Undo2 />} onClick={() => onChange(0n)}>
        Back to now
      </Button>
    </div>
  );
}
