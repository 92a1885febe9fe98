import { useState } from "react";
import type { ReactElement } from "react";
import { groupBy } from "../text/group-by.js";
import { Dialog, Kbd, Switch } from "../ui/index.js";
import { keyLabels, readSingleKeys, useAllCommands, writeSingleKeys } from "./shortcuts.js";
import type { Command } from "./shortcuts.js";

/** Keys that work inside lists and trees without being registered. */
const listKeys: readonly Pick<Command, "label" | "keys">[] = [
  { label: "Move", keys: "↑ ↓" },
  { label: "First, last", keys: "Home End" },
  { label: "Open or close a folder", keys: "→ ←" },
  { label: "Open", keys: "Enter" },
];

/** Every shortcut that works on this screen. */
export function HelpSheet({
  open,
  onClose,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
}): ReactElement {
  const [singleKeys, setSingleKeys] = useState(readSingleKeys);
  const commands = useAllCommands().filter(({ keys }) => keys !== undefined);
  const groups = [...groupBy(commands, ({ group }) => group), ["Lists and trees", listKeys] as const];
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts" size="m">
      <Switch
        label="Keys without Ctrl or ⌘"
        description="Letters such as N and G K act at once while no field has the focus."
        checked={singleKeys}
        onChange={(isOn) => {
          writeSingleKeys(isOn);
          setSingleKeys(isOn);
        }}
      />
      <div className="app-help">
        {groups.map(([group, entries]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {entries.map(({ label, keys = "" }) => (
                <div key={label}>
                  <dt>{label}</dt>
                  <dd>
                    {keyLabels(keys).map((key) => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
