import { CircleStop, SearchX } from "lucide-react";
import { useState } from "react";
import type { ReactElement } from "react";
import { latin1 } from "../../text/bytes.js";
import { formatCount, plural } from "../../text/format.js";
import { Button, EmptyState, ErrorNote, KeyText, Spinner, VirtualList } from "../../ui/index.js";
import type { KeysState, SetKeysState } from "./keys-state.js";
import { findsMax, useSearch } from "./use-search.js";
import type { SearchState } from "./use-search.js";

export interface SearchResultsProps {
  readonly state: KeysState;
  readonly set: SetKeysState;
}

/** Finds of a search while it runs; it can be stopped, and what was found stays. */
export function SearchResults({ state, set }: SearchResultsProps): ReactElement {
  const { search, stop } = useSearch({
    prefix: state.prefix,
    text: state.q,
    ignoreCase: !state.exact,
    inValues: state.values,
    revision: state.rev,
  });
  const [active, setActive] = useState(-1);
  const { keys } = search;
  const chosen = state.key === undefined ? undefined : latin1(state.key);
  return (
    <>
      <SearchProgress search={search} onStop={stop} />
      {search.error !== undefined && <ErrorNote error={search.error} />}
      {keys.length === 0 && search.status === "done" ? (
        <EmptyState icon={<SearchX />} title="Nothing found">
          No key {state.values ? "or value " : ""}holds “{state.q}”.
        </EmptyState>
      ) : (
        <VirtualList
          label="Found keys"
          className="keys-rows"
          count={keys.length}
          rowKey={(at) => at}
          active={active}
          onActive={setActive}
          onOpen={(at) => set({ key: keys[at]?.key, folder: undefined, edit: false, at: 0n }, { push: true })}
          isSelected={(at) => latin1(keys[at]?.key ?? new Uint8Array()) === chosen}
          renderRow={(at) => (
            <KeyText bytes={keys[at]?.key ?? new Uint8Array()} emphasis truncate className="keys-name" />
          )}
        />
      )}
    </>
  );
}

function SearchProgress({
  search,
  onStop,
}: {
  readonly search: SearchState;
  readonly onStop: () => void;
}): ReactElement {
  const { keys, scanned, status } = search;
  const words = {
    running: "Searching",
    done: keys.length >= findsMax ? `The first ${formatCount(findsMax)}; narrow the search for more` : "Done",
    stopped: "Stopped",
    failed: "Failed",
  };
  return (
    <div className="keys-progress" role="status">
      {status === "running" && <Spinner />}
      <span>
        {words[status]}: {plural(keys.length, "find")} in {plural(scanned, "key")}
      </span>
      {status === "running" && (
        <Button size="s" variant="quiet" icon={<CircleStop />} onClick={onStop}>
          Stop
        </Button>
      )}
    </div>
  );
}
