import { FilePlus2, GitCompareArrows } from "lucide-react";
import type { ReactElement } from "react";
import { formatCount } from "../../text/format.js";
import { Button, Callout } from "../../ui/index.js";
import type { ValueEdit } from "./use-value-edit.js";

export interface MeanwhileNoteProps {
  readonly edit: ValueEdit;
  readonly isMerging: boolean;
  /** Shows both texts, or only mine again; absent where they cannot be shown as the same kind of text. */
  readonly onMerge: (() => void) | undefined;
}

/** What somebody else did to the key while it is edited, and the ways to go on. Nothing when they did nothing. */
export function MeanwhileNote({ edit, isMerging, onMerge }: MeanwhileNoteProps): ReactElement | null {
  const { meanwhile } = edit;
  if (meanwhile.kind === "nothing") return null;
  const fate = meanwhile.wasRefused ? "Nothing was written." : "Saving would be refused as it is.";
  if (meanwhile.kind === "deleted") {
    return (
      <Callout
        tone="bad"
        role="alert"
        title="The key was deleted meanwhile"
        actions={
          <Button size="s" icon={<FilePlus2 />} onClick={edit.keepMine}>
            Make it anew
          </Button>
        }
      >
        {fate} What you typed can be saved as a new key, without a lease.
      </Callout>
    );
  }
  return (
    <Callout
      tone="warn"
      role="alert"
      title={`Changed meanwhile, at revision ${formatCount(meanwhile.theirs.modRevision)}`}
      actions={
        <>
          {onMerge !== undefined && (
            <Button size="s" icon={<GitCompareArrows />} aria-pressed={isMerging} onClick={onMerge}>
              {isMerging ? "Only mine" : "Compare"}
            </Button>
          )}
          <Button size="s" onClick={edit.takeTheirs}>
            Take theirs
          </Button>
          <Button size="s" onClick={edit.keepMine}>
            Keep mine
          </Button>
        </>
      }
    >
      {fate} Choose which to go on with.
    </Callout>
  );
}
