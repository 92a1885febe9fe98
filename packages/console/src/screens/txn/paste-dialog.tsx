import { useState } from "react";
import type { ReactElement } from "react";
import { Button, Dialog, TextArea } from "../../ui/index.js";
import type { TxnDraft } from "./draft.js";
import { readEtcdctl } from "./read-etcdctl.js";

export interface PasteDialogProps {
  readonly onClose: () => void;
  readonly onTake: (draft: TxnDraft) => void;
}

const example = `mod("config/limit") = "0"

put "config/limit" "100"

get "config/limit"
`;

export function PasteDialog({ onClose, onTake }: PasteDialogProps): ReactElement {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const take = (): void => {
    try {
      onTake(readEtcdctl(text));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Paste from etcdctl"
      description="What etcdctl txn reads: conditions, a blank line, what to do then, a blank line, what to do otherwise."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" disabled={text.trim() === ""} onClick={take}>
            Take it over
          </Button>
        </>
      }
    >
      <TextArea
        mono
        autoFocus
        rows={10}
        label="Input of etcdctl txn"
        placeholder={example}
        value={text}
        onChange={(next) => {
          setText(next);
          setProblem(undefined);
        }}
        error={problem}
      />
    </Dialog>
  );
}
