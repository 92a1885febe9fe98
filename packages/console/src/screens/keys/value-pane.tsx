import { AlignLeft, Braces, Pencil, WrapText } from "lucide-react";
import type { mvccpb } from "@quorate/proto";
import { useMemo, useState } from "react";
import type { ReactElement } from "react";
import { useCommands } from "../../app/shortcuts.js";
import { CodePane } from "../../editor/code-pane.js";
import { useMayWrite } from "../../data/index.js";
import { escapeBytes } from "../../text/escape.js";
import { Button, CopyButton, EmptyState, IconButton, Select, Tooltip } from "../../ui/index.js";
import { DraftNote } from "./draft-note.js";
import { useShownValue } from "./use-shown-value.js";
import type { KeysState, SetKeysState } from "./keys-state.js";
import { detectFormat, formatNames, formatsOf, languageOf } from "./value-format.js";
import { ValueEditor } from "./value-editor.js";

export interface ValuePaneProps {
  readonly kv: mvccpb.KeyValue;
  /** The key is no more, and `kv` is what an edit of it began with. */
  readonly isGone?: boolean | undefined;
  readonly state: KeysState;
  readonly set: SetKeysState;
}

/** The value in the format that says most, or in one that was chosen; and the way to change it. */
export function ValuePane({ kv, isGone, state, set }: ValuePaneProps): ReactElement {
  const write = useMayWrite(state.rev);
  const [wrap, setWrap] = useState(true);
  useCommands([
    {
      id: "keys.edit",
      label: "Edit the value",
      group: "Keys",
      keys: "e",
      run: () => write.allowed && set({ edit: true }, { push: true }),
    },
  ]);
  const possible = useMemo(() => formatsOf(kv.value), [kv.value]);
  const format = state.as !== "auto" && possible.includes(state.as) ? state.as : detectFormat(kv.value);
  const shown = useShownValue(kv.value, format);
  if (state.edit && write.allowed) {
    return <ValueEditor kv={kv} isGone={isGone} format={format} onDone={() => set({ edit: false })} />;
  }
  return (
    <div className="keys-value">
      <div className="keys-value-bar">
        <Select
          label="Format"
          hideLabel
          size="s"
          className="keys-format"
          value={format}
          onChange={(as) => set({ as: as === detectFormat(kv.value) ? "auto" : as })}
          options={possible.map((value) => ({
            value,
            label: formatNames[value],
            description: value === detectFormat(kv.value) ? "Detected" : undefined,
          }))}
        />
        <IconButton
          label="Wrap long lines"
          size="s"
          aria-pressed={wrap}
          icon={<WrapText />}
          onClick={() => setWrap(!wrap)}
        />
        <CopyButton label="Copy the value" text={() => shown} />
        <span className="keys-tools-space" />
        <Tooltip text={write.reason ?? "Edit (E)"}>
          <Button
            size="s"
            icon={<Pencil />}
            disabled={!write.allowed}
            onClick={() => set({ edit: true }, { push: true })}
          >
            Edit
          </Button>
        </Tooltip>
      </div>
      {write.allowed && <DraftNote keyBytes={kv.key} set={set} />}
      <div className="keys-value-text">
        {kv.value.length === 0 ? (
          <EmptyState icon={format === "json" ? <Braces /> : <AlignLeft />} title="The value is empty" />
        ) : (
          <CodePane
            label={`Value of ${escapeBytes(kv.key)}`}
            value={shown}
            language={languageOf(format)}
            wrap={wrap && format !== "hex"}
          />
        )}
      </div>
    </div>
  );
}
