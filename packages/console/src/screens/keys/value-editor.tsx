import { Braces, Save } from "lucide-react";
import { useState } from "react";
import type { ReactElement } from "react";
import { CodePane, MergePane } from "../../editor/code-pane.js";
import { escapeBytes } from "../../text/escape.js";
import { formatCount } from "../../text/format.js";
import { Button, ErrorNote, Segmented, WaitNote } from "../../ui/index.js";
import { reindentJson } from "./json-text.js";
import { MeanwhileNote } from "./meanwhile-note.js";
import { useValueEdit } from "./use-value-edit.js";
import type { EditedKey, ValueEdit } from "./use-value-edit.js";
import { editFormat, editValue, formatNames, isShownAs, languageOf, remarkOn } from "./value-format.js";

/**
 * Edits a value and writes it only onto the state that the person saw. When somebody else is faster, both texts stand side by side,
 * and saving again means onto the newer state, knowingly.
 */
export function ValueEditor(props: EditedKey): ReactElement {
  const edit = useValueEdit(props);
  const { draft, setDraft, format, base, meanwhile, save } = edit;
  const [wantsMerge, setWantsMerge] = useState(false);
  const remark = remarkOn(draft, format);
  const isBroken = remark !== undefined && (format === "hex" || format === "base64");
  const theirs = meanwhile.kind === "changed" ? meanwhile.theirs : undefined;
  const canMerge = theirs !== undefined && isShownAs(theirs.value, format);
  const merging = wantsMerge && canMerge ? theirs : undefined;
  const formats = [
    ...new Set([editFormat(base.value, props.format), format, "hex" as const, "base64" as const]),
  ];
  return (
    <div className="keys-value is-editing">
      <div className="keys-value-bar">
        <Segmented
          label="Edit as"
          value={format}
          onChange={(next) => !isBroken && edit.setFormat(next)}
          options={formats.map((value) => ({ value, label: formatNames[value] }))}
        />
        {format === "json" && remark === undefined && (
          <Button size="s" variant="quiet" icon={<Braces />} onClick={() => setDraft(reindentJson(draft, 2))}>
            Format
          </Button>
        )}
        <span className="keys-value-ends">
          <Button size="s" variant="quiet" onClick={edit.cancel}>
            Cancel
          </Button>
          <Button
            size="s"
            variant="primary"
            icon={<Save />}
            busy={save.busy}
            disabled={isBroken}
            onClick={() => void save.run()}
          >
            Save
          </Button>
        </span>
      </div>
      <MeanwhileNote
        edit={edit}
        isMerging={merging !== undefined}
        onMerge={canMerge ? () => setWantsMerge(!wantsMerge) : undefined}
      />
      {save.error !== undefined && <ErrorNote error={save.error} />}
      <WaitNote waiting={save.busy} />
      {merging !== undefined && (
        <div className="keys-merge-heads">
          <span>Theirs, revision {formatCount(merging.modRevision)}</span>
          <span>Mine, not saved</span>
        </div>
      )}
      <div className="keys-value-text">
        {merging !== undefined ? (
          <MergePane
            theirs={editValue(merging.value, format)}
            mine={draft}
            language={languageOf(format)}
            onChange={setDraft}
          />
        ) : (
          <CodePane
            label={`Edit the value of ${escapeBytes(base.key)}`}
            value={draft}
            language={languageOf(format)}
            onChange={setDraft}
            onSave={() => !isBroken && void save.run()}
          />
        )}
      </div>
      <p className="keys-value-note">{remark ?? promiseOf(edit)}</p>
    </div>
  );
}

/** Onto what a save is made. */
function promiseOf({ base, layout }: ValueEdit): string {
  if (base.modRevision === 0n) return "Saved as a new key, only if there still is none of its name.";
  const how = layout === "one-line-json" ? ", on one line as before" : "";
  return `Saved only if the key is still as it was at revision ${formatCount(base.modRevision)}${how}.`;
}
