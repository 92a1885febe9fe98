import { Braces, GitCompareArrows, Save } from "lucide-react";
import type { mvccpb } from "@quorate/proto";
import { useEffect, useRef, useState } from "react";
import type { ReactElement } from "react";
import { CodePane, MergePane } from "../../editor/code-pane.js";
import { useAction, useClients } from "../../data/index.js";
import { escapeBytes } from "../../text/escape.js";
import { formatCount } from "../../text/format.js";
import { Button, Callout, ErrorNote, Segmented, useToast } from "../../ui/index.js";
import { draftsOf } from "./drafts.js";
import { reindentJson } from "./json-text.js";
import { ConflictError, putIfUnchanged } from "./key-writes.js";
import type { ValueFormat } from "./keys-state.js";
import {
  editFormat,
  editLayout,
  editValue,
  formatNames,
  languageOf,
  parseValue,
  remarkOn,
} from "./value-format.js";

export interface ValueEditorProps {
  /** The key as it is now, kept true while the person types. */
  readonly kv: mvccpb.KeyValue;
  readonly format: ValueFormat;
  readonly onDone: () => void;
}

/**
 * Edits a value and writes it only onto the state that the person saw. When somebody else is faster, both texts stand side by side,
 * and saving again means onto the newer state, knowingly.
 */
export function ValueEditor({ kv, format: shownFormat, onDone }: ValueEditorProps): ReactElement {
  const clients = useClients();
  const toast = useToast();
  const drafts = draftsOf(clients);
  const [kept] = useState(() => drafts.get(kv.key));
  const [format, setFormat] = useState(() => kept?.format ?? editFormat(kv.value, shownFormat));
  const [base, setBase] = useState(kept?.base ?? kv);
  const [draft, setDraft] = useState(() => kept?.text ?? editValue(kv.value, format));
  const [merging, setMerging] = useState(false);
  const [conflict, setConflict] = useState<ConflictError>();
  const layout = editLayout(base.value, format);
  const isStale = kv.modRevision > base.modRevision;
  const remark = remarkOn(draft, format);
  const isBroken = remark !== undefined && (format === "hex" || format === "base64");
  const { key } = kv;
  const isFinished = useRef(false);
  useEffect(() => {
    // The stored state can arrive, and draw the editor once more, between saving and its going.
    if (isFinished.current) return;
    if (draft === editValue(base.value, format)) drafts.drop(key);
    else drafts.keep(key, { text: draft, format, base });
  }, [drafts, key, draft, format, base]);
  const leave = useRef<() => void>(undefined);
  leave.current = () => {
    if (drafts.get(key) !== undefined)
      toast.info("Your edit is kept", "Open the key again to go on with it.");
  };
  useEffect(() => () => leave.current?.(), []);
  const finish = (): void => {
    isFinished.current = true;
    drafts.drop(key);
    onDone();
  };
  const save = useAction(async () => {
    try {
      const value = parseValue(draft, format, layout);
      const revision = await putIfUnchanged(clients, {
        key: kv.key,
        value,
        lease: base.lease,
        seen: base.modRevision,
      });
      toast.success("Saved", `at revision ${formatCount(revision)}`);
      finish();
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      setConflict(error);
    }
  });
  const theirs = conflict?.current ?? (isStale ? kv : undefined);
  const isDeleted = conflict !== undefined && conflict.current === undefined;

  /** From here on the newer state is what the draft is meant to replace. */
  const rebase = (): void => {
    if (theirs !== undefined) setBase(theirs);
    setConflict(undefined);
  };
  const chooseFormat = (next: ValueFormat): void => {
    if (isBroken) return;
    setDraft(editValue(parseValue(draft, format, layout), next));
    setFormat(next);
  };
  const formats = [...new Set([editFormat(base.value, shownFormat), "hex" as const, "base64" as const])];
  return (
    <div className="keys-value is-editing">
      <div className="keys-value-bar">
        <Segmented
          label="Edit as"
          value={format}
          onChange={chooseFormat}
          options={formats.map((value) => ({ value, label: formatNames[value] }))}
        />
        {format === "json" && remark === undefined && (
          <Button size="s" variant="quiet" icon={<Braces />} onClick={() => setDraft(reindentJson(draft, 2))}>
            Format
          </Button>
        )}
        <span className="keys-tools-space" />
        <Button size="s" variant="quiet" onClick={finish}>
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
      </div>
      {theirs !== undefined && base.modRevision !== theirs.modRevision && (
        <Callout
          tone="warn"
          role="alert"
          title={`Changed meanwhile, at revision ${formatCount(theirs.modRevision)}`}
          actions={
            <>
              <Button
                size="s"
                icon={<GitCompareArrows />}
                aria-pressed={merging}
                onClick={() => setMerging(!merging)}
              >
                {merging ? "Only mine" : "Compare"}
              </Button>
              <Button
                size="s"
                onClick={() => {
                  setDraft(editValue(theirs.value, format));
                  rebase();
                  setMerging(false);
                }}
              >
                Take theirs
              </Button>
              <Button size="s" onClick={rebase}>
                Keep mine
              </Button>
            </>
          }
        >
          {conflict === undefined ? "Saving would be refused as it is." : "Nothing was written."} Choose which
          to go on with.
        </Callout>
      )}
      {isDeleted && (
        <Callout tone="bad" role="alert" title="The key was deleted meanwhile">
          Nothing was written. Copy what you need; a new key can be created from it.
        </Callout>
      )}
      {save.error !== undefined && <ErrorNote error={save.error} />}
      {merging && theirs !== undefined && (
        <div className="keys-merge-heads">
          <span>Theirs, revision {formatCount(theirs.modRevision)}</span>
          <span>Mine, not saved</span>
        </div>
      )}
      <div className="keys-value-text">
        {merging && theirs !== undefined ? (
          <MergePane
            theirs={editValue(theirs.value, format)}
            mine={draft}
            language={languageOf(format)}
            onChange={setDraft}
          />
        ) : (
          <CodePane
            label={`Edit the value of ${escapeBytes(kv.key)}`}
            value={draft}
            language={languageOf(format)}
            onChange={setDraft}
            onSave={() => !isBroken && void save.run()}
          />
        )}
      </div>
      <p className="keys-value-note">
        {remark ??
          `Saved only if the key is still as it was at revision ${formatCount(base.modRevision)}${
            layout === "one-line-json" ? ", on one line as before" : ""
          }.`}
      </p>
    </div>
  );
}
