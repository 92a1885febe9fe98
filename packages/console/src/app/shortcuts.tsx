/**
 * Keyboard shortcuts and commands, registered by whoever offers them and listed by the help sheet and the command palette.
 *
 * A shortcut is a key (`?`), a chord (`mod+k`, the command key on a Mac and control elsewhere) or two keys in a row (`g m`). Shortcuts
 * without a modifier rest while a person types.
 */
import { createContext, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { ReactElement, ReactNode } from "react";

export interface Command {
  /** Stable; a later registration of the same id wins. */
  readonly id: string;
  readonly label: string;
  readonly group: string;
  readonly keys?: string | undefined;
  readonly icon?: ReactNode;
  /** Not offered in the palette, such as moving a selection. */
  readonly hidden?: boolean | undefined;
  readonly run: () => void;
}

class CommandRegistry {
  readonly #lists = new Set<{ readonly current: readonly Command[] }>();
  readonly #listeners = new Set<() => void>();
  #all: readonly Command[] = [];

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly all = (): readonly Command[] => this.#all;

  add(list: { readonly current: readonly Command[] }): () => void {
    this.#lists.add(list);
    this.refresh();
    return () => {
      this.#lists.delete(list);
      this.refresh();
    };
  }

  refresh(): void {
    const byId = new Map<string, Command>();
    for (const list of this.#lists)
      for (const command of list.current)
        byId.set(command.id, { ...command, run: () => runLatest(list, command.id) });
    this.#all = [...byId.values()];
    for (const listener of this.#listeners) listener();
  }
}

/** What is pressed is done as the page is now: a command closes over the state of the rendering that it is of. */
function runLatest(list: { readonly current: readonly Command[] }, id: string): void {
  list.current.find((command) => command.id === id)?.run();
}

const RegistryContext = createContext<CommandRegistry | undefined>(undefined);

/** The second key of a sequence has to come within this time. */
const sequenceMs = 900;

export function ShortcutProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const registry = useMemo(() => new CommandRegistry(), []);
  useEffect(() => {
    let first: { key: string; at: number } | undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return;
      const key = describeKey(event);
      if (!key.includes("mod+") && (isTyping(event.target) || !readSingleKeys())) return;
      const sequence =
        first !== undefined && event.timeStamp - first.at < sequenceMs ? `${first.key} ${key}` : key;
      const commands = registry.all();
      const command =
        commands.find(({ keys }) => keys === sequence) ?? commands.find(({ keys }) => keys === key);
      first = { key, at: event.timeStamp };
      if (command === undefined) return;
      first = undefined;
      event.preventDefault();
      command.run();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [registry]);
  return <RegistryContext value={registry}>{children}</RegistryContext>;
}

/** Offers commands while the component is shown. The list may be new on each render. */
export function useCommands(commands: readonly Command[]): void {
  const registry = useRegistry();
  const current = useRef(commands);
  const signature = commands
    .map(({ id, label, keys, hidden }) => `${id}${label}${keys ?? ""}${String(hidden)}`)
    .join("\n");
  useEffect(() => {
    current.current = commands;
  });
  useEffect(() => registry.add(current), [registry]);
  useEffect(() => registry.refresh(), [registry, signature]);
}

export function useAllCommands(): readonly Command[] {
  const registry = useRegistry();
  return useSyncExternalStore(registry.subscribe, registry.all);
}

function useRegistry(): CommandRegistry {
  const registry = useContext(RegistryContext);
  if (registry === undefined) throw new Error("ShortcutProvider is missing");
  return registry;
}

/** People who speak to their computer, or whose hands slip, switch keys without a modifier off. */
const singleKeysName = "quorate.single-keys";

export function readSingleKeys(): boolean {
  return localStorage.getItem(singleKeysName) !== "off";
}

export function writeSingleKeys(isOn: boolean): void {
  if (isOn) localStorage.removeItem(singleKeysName);
  else localStorage.setItem(singleKeysName, "off");
}

export const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? "");

export function describeKey(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string {
  const mod = (isMac ? event.metaKey : event.ctrlKey) ? "mod+" : "";
  const alt = event.altKey ? "alt+" : "";
  return mod + alt + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

/** `mod+k` as the keys that are pressed: `["Ctrl", "K"]`. */
export function keyLabels(keys: string): string[] {
  return keys
    .split(/[ +]/)
    .map((key) => (key === "mod" ? (isMac ? "⌘" : "Ctrl") : key.length === 1 ? key.toUpperCase() : key));
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest("input, textarea, select, [role=dialog], [role=menu]") !== null)
  );
}
