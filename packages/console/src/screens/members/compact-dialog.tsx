import { useState } from "react";
import type { ReactElement } from "react";
import { useClients } from "../../data/index.js";
import { formatCount } from "../../text/format.js";
import { Checkbox, ConfirmDialog, TextField, useToast } from "../../ui/index.js";
import { ForesightView } from "./consequence-view.js";
import { foreseeCompact } from "./maintenance.js";

/** Waiting for the records to leave the disk may take as long as the store is large. */
const physicalTimeoutMs = 10 * 60_000;

export function CompactDialog({
  revision,
  onClose,
}: {
  readonly revision: bigint;
  readonly onClose: () => void;
}): ReactElement {
  const { kv } = useClients();
  const toast = useToast();
  const [text, setText] = useState(String(revision));
  const [physical, setPhysical] = useState(true);
  const chosen = /^\d{1,18}$/.test(text.trim()) ? BigInt(text.trim()) : 0n;
  const foresight = foreseeCompact(chosen, revision);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title="Forget old revisions?"
      consequence={<p className="members-headline">{foresight.headline}</p>}
      confirmLabel={foresight.refusal === undefined ? `Compact up to ${formatCount(chosen)}` : "Compact"}
      tone={foresight.tone === "danger" ? "danger" : "default"}
      disabled={foresight.refusal !== undefined}
      onConfirm={async () => {
        await kv.compact({ revision: chosen, physical }, physical ? { timeoutMs: physicalTimeoutMs } : {});
        toast.success(
          `Compacted up to revision ${formatCount(chosen)}`,
          "Defragment members to give the space back to the disk.",
        );
      }}
    >
      <ForesightView foresight={foresight} />
      <TextField
        mono
        label="Oldest revision that stays readable"
        description={`The newest is ${formatCount(revision)}.`}
        inputMode="numeric"
        value={text}
        onChange={setText}
      />
      <Checkbox
        label="Answer when the space is free"
        description="Otherwise the members clear up in the background."
        checked={physical}
        onChange={setPhysical}
      />
    </ConfirmDialog>
  );
}
