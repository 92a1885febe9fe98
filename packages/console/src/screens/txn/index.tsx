/** Conditions, then operations, all under one revision: built, run, and written as a command or as code. */
import type { etcdserverpb } from "@quorate/proto";
import { useQueryClient } from "@tanstack/react-query";
import { ClipboardPaste, Eraser, Play } from "lucide-react";
import { useRef, useState } from "react";
import type { ReactElement } from "react";
import { useCommands } from "../../app/shortcuts.js";
import { useAction, useClients, useClusterId, useMayWrite } from "../../data/index.js";
import { Button, Callout, CopyAs, ErrorNote, Page, PageHeader, Panel, WaitNote } from "../../ui/index.js";
import { WriteButton } from "../members/write-button.js";
import { buildTxn } from "./build.js";
import type { Problem } from "./build.js";
import { emptyTxn, isEmptyTxn, writesSomething } from "./draft.js";
import type { TxnDraft } from "./draft.js";
import { writeEtcdctl } from "./etcdctl.js";
import { PasteDialog } from "./paste-dialog.js";
import { ResultView } from "./result-view.js";
import { TEMPLATES } from "./templates.js";
import { TxnEditor } from "./txn-editor.js";
import { writeTypeScript } from "./typescript.js";
import { useDraft } from "./use-draft.js";
import "./txn.css";

interface Outcome {
  readonly draft: TxnDraft;
  readonly answer: etcdserverpb.TxnResponse;
}

export function Screen(): ReactElement {
  const [draft, setDraft, replaceDraft] = useDraft();
  const { kv } = useClients();
  const clusterId = useClusterId();
  const queries = useQueryClient();
  const mayWrite = useMayWrite();
  const [pasting, setPasting] = useState(false);
  const [tried, setTried] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const resultPlace = useRef<HTMLDivElement>(null);
  const built = buildTxn(draft);
  const problems: readonly Problem[] = tried && "problems" in built ? built.problems : [];
  const run = useAction(async (request: etcdserverpb.TxnRequest) => {
    const answer = await kv.txn(request);
    setOutcome({ draft, answer });
    if (writesSomething(draft)) await queries.invalidateQueries({ queryKey: ["cluster", clusterId] });
  });
  const onRun = async (): Promise<void> => {
    setTried(true);
    if ("problems" in built || run.busy) return;
    setOutcome(undefined);
    await run.run(built.request);
    resultPlace.current?.scrollIntoView({ block: "nearest" });
  };
  const empty = isEmptyTxn(draft);
  // A transaction that only reads changes nothing, so a read-only console may run it.
  const runnable = writesSomething(draft) ? mayWrite : { allowed: true };
  useCommands([
    {
      id: "txn.run",
      label: "Run the transaction",
      group: "Transaction",
      keys: "mod+Enter",
      run: () => runnable.allowed && !empty && void onRun(),
    },
  ]);
  const start = (next: TxnDraft): void => {
    setTried(false);
    setOutcome(undefined);
    replaceDraft(next);
  };
  return (
    <Page>
      <PageHeader
        title="Transaction"
        description="Asks first, then acts, and nothing comes in between."
        actions={
          <>
            <Button icon={<ClipboardPaste />} onClick={() => setPasting(true)}>
              Paste
            </Button>
            <Button icon={<Eraser />} disabled={empty} onClick={() => start(emptyTxn)}>
              Start over
            </Button>
          </>
        }
      />
      {empty && <Templates onTake={start} />}
      <TxnEditor value={draft} onChange={setDraft} problems={problems} path="" depth={1} />
      {problems.some((problem) => problem.path === "") && (
        <Callout tone="bad">{problems.find((problem) => problem.path === "")?.text}</Callout>
      )}
      <div className="txn-bar">
        <WriteButton
          variant="primary"
          icon={<Play />}
          mayWrite={runnable}
          busy={run.busy}
          disabled={empty}
          onClick={() => void onRun()}
        >
          Run
        </WriteButton>
        <span className="txn-hint">
          {tried && problems.length > 0
            ? `${problems.length === 1 ? "One thing is" : `${problems.length} things are`} not right yet.`
            : "Ctrl Enter"}
        </span>
        {"request" in built && !empty && <Copies draft={draft} />}
      </div>
      <div ref={resultPlace} aria-live="polite">
        {run.error !== undefined && <ErrorNote error={run.error} />}
        <WaitNote waiting={run.busy} />
        {outcome !== undefined && (
          <Panel title="Result">
            <ResultView draft={outcome.draft} answer={outcome.answer} />
          </Panel>
        )}
      </div>
      {pasting && (
        <PasteDialog
          onClose={() => setPasting(false)}
          onTake={(next) => {
            setPasting(false);
            start(next);
          }}
        />
      )}
    </Page>
  );
}

function Copies({ draft }: { readonly draft: TxnDraft }): ReactElement {
  const etcdctl = writeEtcdctl(draft);
  return (
    <span className="txn-copies">
      {"impossible" in etcdctl && <span className="txn-hint">{etcdctl.impossible}</span>}
      <CopyAs
        size="m"
        etcdctl={() => ("text" in etcdctl ? etcdctl.text : `# ${etcdctl.impossible}`)}
        typescript={() => writeTypeScript(draft)}
      />
    </span>
  );
}

function Templates({ onTake }: { readonly onTake: (draft: TxnDraft) => void }): ReactElement {
  return (
    <ul className="txn-templates" aria-label="Begin with">
      {TEMPLATES.map((template) => (
        <li key={template.id}>
          <button className="txn-template" onClick={() => onTake(template.draft)}>
            <strong>{template.title}</strong>
            <span>{template.note}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
