import { Pencil } from "lucide-react";
import { useState } from "react";
import type { ReactElement } from "react";
import { Button, Callout } from "../../ui/index.js";
import { useDrafts } from "./drafts.js";
import type { SetKeysState } from "./keys-state.js";

export interface DraftNoteProps {
  readonly keyBytes: Uint8Array;
  readonly set: SetKeysState;
}

/** That an edit of the key was left without being saved, and the ways to go on. Nothing when there is none. */
export function DraftNote({ keyBytes, set }: DraftNoteProps): ReactElement | null {
  const drafts = useDrafts();
  const [, setDiscarded] = useState(0);
  if (drafts.get(keyBytes) === undefined) return null;
  return (
    <Callout
      tone="warn"
      title="You have begun to edit this key, and not saved it"
      actions={
        <>
          <Button size="s" icon={<Pencil />} onClick={() => set({ edit: true }, { push: true })}>
            Go on
          </Button>
          <Button
            size="s"
            variant="quiet"
            onClick={() => {
              drafts.drop(keyBytes);
              setDiscarded((count) => count + 1);
            }}
          >
            Discard
          </Button>
        </>
      }
    >
      Shown is what is stored.
    </Callout>
  );
}
