import { KeyRound } from "lucide-react";
import { useMemo, useState } from "react";
import type { ReactElement } from "react";
import { useCommands } from "../../app/shortcuts.js";
import { useUrlState } from "../../app/url-state.js";
import { useMayWrite } from "../../data/index.js";
import { EmptyState, Kbd, Splitter } from "../../ui/index.js";
import { CreateKeyDialog } from "./create-key-dialog.js";
import { Explorer } from "./explorer.js";
import { FolderDetail } from "./folder-detail.js";
import { KeyDetail } from "./key-detail.js";
import { KeyEvents } from "./key-events.js";
import { keysSchema } from "./keys-state.js";
import { PastBar } from "./past-bar.js";
import { useMediaQuery } from "./use-media-query.js";
import "./keys.css";

/** What is in the store: find it, read it, change it, and see what it was. */
export function Screen(): ReactElement {
  const [state, set] = useUrlState(keysSchema);
  const [creating, setCreating] = useState(false);
  const events = useMemo(() => new KeyEvents(), []);
  const write = useMayWrite(state.rev);
  const wide = useMediaQuery("(min-width: 860px)");
  const isOpen = state.key !== undefined || state.folder !== undefined;
  const back = (): void => set({ key: undefined, folder: undefined, edit: false }, { push: true });
  useCommands([
    {
      id: "keys.new",
      label: "New key",
      group: "Keys",
      keys: "n",
      run: () => write.allowed && setCreating(true),
    },
    { id: "keys.find", label: "Find in keys", group: "Keys", keys: "/", run: () => focusField("keys-find") },
    {
      id: "keys.prefix",
      label: "Choose a prefix",
      group: "Keys",
      keys: "p",
      run: () => focusField("keys-prefix"),
    },
    { id: "keys.tree", label: "Show as tree", group: "Keys", run: () => set({ view: "tree" }) },
    { id: "keys.list", label: "Show as list", group: "Keys", run: () => set({ view: "list" }) },
  ]);
  const explorer = <Explorer state={state} set={set} events={events} onCreate={() => setCreating(true)} />;
  const onBack = wide ? undefined : back;
  const detail =
    state.key !== undefined ? (
      <KeyDetail keyBytes={state.key} state={state} set={set} events={events} onBack={onBack} />
    ) : state.folder !== undefined ? (
      <FolderDetail folder={state.folder} state={state} set={set} events={events} onBack={onBack} />
    ) : (
      <Nothing />
    );
  return (
    <div className="keys" data-past={state.rev !== 0n || undefined}>
      <h1 className="visually-hidden">Keys</h1>
      <PastBar rev={state.rev} onChange={(rev) => set({ rev, edit: false })} />
      <div className="keys-main">
        {wide ? (
          <Splitter
            label="Width of the list of keys"
            name="keys"
            startPx={400}
            start={explorer}
            end={detail}
          />
        ) : isOpen ? (
          detail
        ) : (
          explorer
        )}
      </div>
      <CreateKeyDialog
        open={creating}
        prefix={state.folder ?? state.prefix}
        onClose={() => setCreating(false)}
        onCreated={(key) => set({ key, folder: undefined, tab: "value", edit: false }, { push: true })}
      />
    </div>
  );
}

function Nothing(): ReactElement {
  return (
    <EmptyState icon={<KeyRound />} title="Choose a key">
      Its value, metadata and history show here. <Kbd>↑</Kbd> <Kbd>↓</Kbd> move, <Kbd>→</Kbd> opens a folder,{" "}
      <Kbd>/</Kbd> finds.
    </EmptyState>
  );
}

function focusField(id: string): void {
  document.querySelector<HTMLInputElement>(`#${id} input`)?.focus();
}
