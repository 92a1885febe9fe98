import { Dialog } from "@base-ui/react/dialog";
import { useNavigate } from "@tanstack/react-router";
import { CornerDownLeft, FolderSearch, KeyRound, Search, TextSearch } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import type { KeyboardEvent, ReactElement } from "react";
import { Kbd, useReturnFocus } from "../ui/index.js";
import { keyLabels, useAllCommands } from "./shortcuts.js";
import type { Command } from "./shortcuts.js";
import { keepCluster } from "./url-state.js";
import type { Search as UrlSearch } from "./url-state.js";

export interface CommandPaletteProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** One field to go anywhere and do anything: screens, commands of this screen, keys by their name. */
export function CommandPalette({ open, onClose }: CommandPaletteProps): ReactElement {
  const returnFocus = useReturnFocus(open);
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="q-backdrop" />
        <Dialog.Popup className="app-palette" aria-label="Command palette" finalFocus={returnFocus}>
          <Palette onClose={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const shownMax = 40;

function Palette({ onClose }: { readonly onClose: () => void }): ReactElement {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const commands = [...matchCommands(useAllCommands(), query), ...useKeyCommands(query)].slice(0, shownMax);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    // After the dialog gave focus back, so that a command may take it.
    setTimeout(() => command.run());
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && commands.length > 0) {
      event.preventDefault();
      setActive((active + step + commands.length) % commands.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(commands[active]);
    }
  };
  return (
    <>
      <div className="app-palette-input">
        <Search size={17} aria-hidden />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={commands.length > 0 ? `${id}-${active}` : undefined}
          aria-label="Command or key"
          placeholder="Go to, do, or open a key…"
          spellCheck={false}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul ref={list} id={`${id}-list`} role="listbox" aria-label="Commands" className="app-palette-list">
        {commands.map((command, at) => (
          <li
            key={command.id}
            id={`${id}-${at}`}
            role="option"
            aria-selected={at === active}
            onPointerMove={() => setActive(at)}
            onClick={() => run(command)}
          >
            {command.icon ?? <CornerDownLeft aria-hidden />}
            <span className="app-palette-label">{command.label}</span>
            <span className="app-palette-group">{command.group}</span>
            {command.keys !== undefined && (
              <span className="app-palette-keys">
                {keyLabels(command.keys).map((key) => (
                  <Kbd key={key}>{key}</Kbd>
                ))}
              </span>
            )}
          </li>
        ))}
      </ul>
      {commands.length === 0 && <p className="app-palette-none">Nothing is called that.</p>}
    </>
  );
}

/** Commands whose label or group holds every word of the query, best first. */
export function matchCommands(commands: readonly Command[], query: string): readonly Command[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const visible = commands.filter(({ hidden }) => hidden !== true);
  if (words.length === 0) return visible;
  const score = ({ label, group }: Command): number => {
    const name = label.toLowerCase();
    if (!words.every((word) => name.includes(word) || group.toLowerCase().includes(word))) return 0;
    return name.startsWith(words[0] ?? "") ? 3 : name.includes(words[0] ?? "") ? 2 : 1;
  };
  return visible
    .map((command) => ({ command, points: score(command) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .map(({ command }) => command);
}

/** What the typed text could mean as a key. */
function useKeyCommands(query: string): Command[] {
  const navigate = useNavigate();
  if (query.trim() === "") return [];
  const go = (search: Record<string, string>) => (): void => {
    void navigate({
      to: "/keys",
      search: (previous: UrlSearch) => ({ ...keepCluster(previous), ...search }),
    });
  };
  return [
    {
      id: "key.open",
      label: `Open key ${query}`,
      group: "Keys",
      icon: <KeyRound aria-hidden />,
      run: go({ key: query }),
    },
    {
      id: "key.prefix",
      label: `Browse prefix ${query}`,
      group: "Keys",
      icon: <FolderSearch aria-hidden />,
      run: go({ prefix: query }),
    },
    {
      id: "key.search",
      label: `Search keys for ${query}`,
      group: "Keys",
      icon: <TextSearch aria-hidden />,
      run: go({ q: query }),
    },
  ];
}
