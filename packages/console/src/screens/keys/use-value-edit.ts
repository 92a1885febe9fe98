/**
 * The edit of a value: what is typed, onto which state it is meant, and what became of that state meanwhile.
 *
 * It outlives what happens around it: answers that come after the person has typed on, or has gone to another key, change neither.
 */
import { create, mvccpb } from "@quorate/proto";
import { useEffect, useRef, useState } from "react";
import { useAction, useClients } from "../../data/index.js";
import type { Action } from "../../data/index.js";
import { formatCount } from "../../text/format.js";
import { useToast } from "../../ui/index.js";
import { useDrafts } from "./drafts.js";
import { ConflictError, putIfUnchanged } from "./key-writes.js";
import type { ValueFormat } from "./keys-state.js";
import { useKnownKey } from "./use-key.js";
import { editFormat, editLayout, editValue, parseValue } from "./value-format.js";
import type { EditLayout } from "./value-format.js";

export interface EditedKey {
  /** The key as it is now, or as it was last when it is gone; kept true while the person types. */
  readonly kv: mvccpb.KeyValue;
  readonly isGone?: boolean | undefined;
  readonly format: ValueFormat;
  readonly onDone: () => void;
}

/** What became of the key since the person saw it. */
export type Meanwhile =
  | { readonly kind: "nothing" }
  | { readonly kind: "changed"; readonly theirs: mvccpb.KeyValue; readonly wasRefused: boolean }
  | { readonly kind: "deleted"; readonly wasRefused: boolean };

export interface ValueEdit {
  readonly draft: string;
  readonly setDraft: (draft: string) => void;
  readonly format: ValueFormat;
  readonly setFormat: (format: ValueFormat) => void;
  /** What saving replaces; its mod revision is 0n where the key is to be created. */
  readonly base: mvccpb.KeyValue;
  readonly layout: EditLayout;
  readonly meanwhile: Meanwhile;
  readonly save: Action<[]>;
  /** From here on the newer state is what the draft is meant to replace. */
  readonly keepMine: () => void;
  readonly takeTheirs: () => void;
  readonly cancel: () => void;
}

export function useValueEdit({ kv, isGone = false, format: shown, onDone }: EditedKey): ValueEdit {
  const clients = useClients();
  const toast = useToast();
  const drafts = useDrafts();
  const { key } = kv;
  const { tell } = useKnownKey(key);
  const [kept] = useState(() => drafts.get(key));
  const [format, setFormat] = useState(() => kept?.format ?? editFormat(kv.value, shown));
  const [base, setBase] = useState(kept?.base ?? kv);
  const [draft, setDraft] = useState(() => kept?.text ?? editValue(kv.value, format));
  const [conflict, setConflict] = useState<ConflictError>();
  const layout = editLayout(base.value, format);
  const meanwhile = whatHappened({ base, kv, isGone, conflict });
  const isFinished = useRef(false);
  const typed = useRef(draft);
  useEffect(() => {
    typed.current = draft;
    // The stored state can arrive, and draw the editor once more, between saving and its going.
    if (isFinished.current) return;
    if (draft === editValue(base.value, format) && base.modRevision !== 0n) drafts.drop(key);
    else drafts.keep(key, { text: draft, format, base });
  }, [drafts, key, draft, format, base]);
  const isHere = useRef(true);
  const leave = useRef<() => void>(undefined);
  leave.current = () => {
    if (drafts.get(key) !== undefined && !save.busy)
      toast.info("Your edit is kept", "Open the key again to go on with it.");
  };
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
      leave.current?.();
    };
  }, []);
  const finish = (): void => {
    isFinished.current = true;
    drafts.drop(key);
    onDone();
  };
  const settle = (saved: mvccpb.KeyValue): void => {
    tell({ kv: saved, revision: saved.modRevision });
    toast.success("Saved", `at revision ${formatCount(saved.modRevision)}`);
    // Whoever typed on while it was saved goes on, from what is stored now; whoever has gone must not be brought back.
    if (isHere.current && typed.current === draft) finish();
    else if (isHere.current) setBase(saved);
    else if (drafts.get(key)?.text === draft) drafts.drop(key);
  };
  const save = useAction(async () => {
    try {
      const value = parseValue(draft, format, layout);
      const { lease, modRevision: seen } = base;
      const modRevision = await putIfUnchanged(clients, { key, value, lease, seen });
      const createRevision = seen === 0n ? modRevision : base.createRevision;
      const version = base.version + 1n;
      setConflict(undefined);
      settle(create(mvccpb.KeyValueSchema, { key, value, lease, modRevision, createRevision, version }));
    } catch (error) {
      if (!isHere.current) toast.failure("Your edit was not saved, and is kept", error);
      if (!(error instanceof ConflictError)) throw error;
      setConflict(error);
      tell({ kv: error.current ?? null, revision: error.revision });
    }
  });
  return {
    draft,
    setDraft,
    format,
    setFormat: (next) => {
      setDraft(editValue(parseValue(draft, format, layout), next));
      setFormat(next);
    },
    base,
    layout,
    meanwhile,
    save,
    keepMine: () => {
      if (meanwhile.kind === "changed") setBase(meanwhile.theirs);
      if (meanwhile.kind === "deleted") setBase(unborn(base));
      setConflict(undefined);
    },
    takeTheirs: () => {
      if (meanwhile.kind !== "changed") return;
      const { theirs } = meanwhile;
      // What is no text any more is shown as bytes: as text it would look empty, and be saved as that.
      const next = editFormat(theirs.value, format);
      setFormat(next);
      setDraft(editValue(theirs.value, next));
      setBase(theirs);
      setConflict(undefined);
    },
    cancel: finish,
  };
}

interface Known {
  readonly base: mvccpb.KeyValue;
  readonly kv: mvccpb.KeyValue;
  readonly isGone: boolean;
  readonly conflict: ConflictError | undefined;
}

/** The newer of what the screen knows and of what a refused save was told. */
function whatHappened({ base, kv, isGone, conflict }: Known): Meanwhile {
  const wasRefused = conflict !== undefined;
  const told = conflict?.current;
  const now = isGone ? undefined : kv;
  const theirs = told !== undefined && (now === undefined || told.modRevision > now.modRevision) ? told : now;
  if (theirs !== undefined && theirs.modRevision > base.modRevision)
    return { kind: "changed", theirs, wasRefused };
  const isDeleted = (isGone || (wasRefused && told === undefined)) && base.modRevision !== 0n;
  return isDeleted ? { kind: "deleted", wasRefused } : { kind: "nothing" };
}

/** The key as it is before it is created, for a put that is to create it. */
function unborn(kv: mvccpb.KeyValue): mvccpb.KeyValue {
  const { key, value } = kv;
  return create(mvccpb.KeyValueSchema, { key, value });
}
