import { CaseSensitive, FolderTree, History, List, Plus, Search, TextSearch, X } from "lucide-react";
import type { ReactElement } from "react";
import { useMayWrite, useOverview } from "../../data/index.js";
import { escapeBytes, tryParseEscaped } from "../../text/escape.js";
import { Button, IconButton, Segmented, TextField, Tooltip } from "../../ui/index.js";
import type { KeyEvents } from "./key-events.js";
import { KeyRows } from "./key-rows.js";
import type { KeysState, SetKeysState } from "./keys-state.js";
import { SearchResults } from "./search-results.js";
import { useDraft } from "./use-draft.js";

/** Typing rests this long before the tree or the search follows. */
const typingRestMs = 220;

export interface ExplorerProps {
  readonly state: KeysState;
  readonly set: SetKeysState;
  readonly events: KeyEvents;
  readonly onCreate: () => void;
}

/** The left pane: where to look, what for, and what was found. */
export function Explorer({ state, set, events, onCreate }: ExplorerProps): ReactElement {
  const write = useMayWrite(state.rev);
  return (
    <section className="keys-explorer" aria-label="Find keys">
      <div className="keys-tools">
        <PrefixField state={state} set={set} />
        <FindField state={state} set={set} />
        <div className="keys-tools-row">
          <Segmented
            label="View"
            value={state.view}
            onChange={(view) => set({ view })}
            options={[
              { value: "tree", label: "Tree", icon: <FolderTree aria-hidden /> },
              { value: "list", label: "List", icon: <List aria-hidden /> },
            ]}
          />
          <span className="keys-tools-space" />
          <TravelButton state={state} set={set} />
          <Tooltip text={write.reason ?? "New key (N)"}>
            <Button size="s" icon={<Plus />} disabled={!write.allowed} onClick={onCreate}>
              New key
            </Button>
          </Tooltip>
        </div>
      </div>
      {state.q === "" ? (
        <KeyRows state={state} set={set} events={events} />
      ) : (
        <SearchResults state={state} set={set} />
      )}
    </section>
  );
}

/** Begins at the newest revision; the bar that appears leads back from there. */
function TravelButton({ state, set }: FieldProps): ReactElement {
  const { overview } = useOverview();
  const newest = overview?.revision ?? 0n;
  return (
    <IconButton
      label="Time travel"
      size="s"
      icon={<History />}
      aria-pressed={state.rev !== 0n}
      disabled={newest === 0n}
      onClick={() => set({ rev: state.rev === 0n ? newest : 0n, edit: false }, { push: true })}
    />
  );
}

type FieldProps = Pick<ExplorerProps, "state" | "set">;

function PrefixField({ state, set }: FieldProps): ReactElement {
  const [typed, setTyped] = useDraft(escapeBytes(state.prefix), typingRestMs, (next) => {
    const prefix = tryParseEscaped(next);
    if (prefix !== undefined) set({ prefix });
  });
  const broken = tryParseEscaped(typed) === undefined;
  return (
    <div id="keys-prefix">
      <TextField
        mono
        label="Prefix"
        hideLabel
        placeholder="Prefix, such as /app/"
        leading={<FolderTree aria-hidden />}
        value={typed}
        onChange={setTyped}
        error={broken ? "A backslash begins an escape; write two for one." : undefined}
        trailing={
          typed !== "" && (
            <IconButton
              label="Clear the prefix"
              size="s"
              icon={<X />}
              onClick={() => set({ prefix: new Uint8Array() })}
            />
          )
        }
      />
    </div>
  );
}

function FindField({ state, set }: FieldProps): ReactElement {
  const [typed, setTyped] = useDraft(state.q, typingRestMs * 2, (q) => set({ q }));
  return (
    <div id="keys-find">
      <TextField
        label="Find in keys"
        hideLabel
        placeholder={state.values ? "Find in keys and values" : "Find in keys"}
        leading={<Search aria-hidden />}
        value={typed}
        onChange={setTyped}
        onKeyDown={(event) => {
          if (event.key === "Escape") set({ q: "" });
          if (event.key === "Enter") set({ q: typed });
        }}
        trailing={
          <>
            {typed !== "" && (
              <IconButton label="End the search" size="s" icon={<X />} onClick={() => set({ q: "" })} />
            )}
            <IconButton
              label="Also look into values"
              size="s"
              aria-pressed={state.values}
              icon={<TextSearch />}
              onClick={() => set({ values: !state.values })}
            />
            <IconButton
              label="Case matters"
              size="s"
              aria-pressed={state.exact}
              icon={<CaseSensitive />}
              onClick={() => set({ exact: !state.exact })}
            />
          </>
        }
      />
    </div>
  );
}
