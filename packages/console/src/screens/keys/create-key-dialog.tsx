import { useEffect, useState } from "react";
import type { FormEvent, ReactElement } from "react";
import { parseSignedHexId, toInt64, parseHexId } from "@quorate/proto";
import { useAction, useClients } from "../../data/index.js";
import { encodeUtf8, escapeBytes, tryParseEscaped } from "../../text/escape.js";
import {
  Button,
  Callout,
  Dialog,
  ErrorNote,
  TextArea,
  TextField,
  WaitNote,
  useToast,
} from "../../ui/index.js";
import { ConflictError, putIfUnchanged } from "./key-writes.js";

export interface CreateKeyDialogProps {
  readonly open: boolean;
  /** What the new key begins with, as a suggestion. */
  readonly prefix: Uint8Array;
  readonly onClose: () => void;
  readonly onCreated: (key: Uint8Array) => void;
}

/** A new key, never over an existing one. */
export function CreateKeyDialog({ open, prefix, onClose, onCreated }: CreateKeyDialogProps): ReactElement {
  return (
    <Dialog open={open} onClose={onClose} title="New key">
      <CreateForm prefix={prefix} onClose={onClose} onCreated={onCreated} />
    </Dialog>
  );
}

function CreateForm({ prefix, onClose, onCreated }: Omit<CreateKeyDialogProps, "open">): ReactElement {
  const clients = useClients();
  const toast = useToast();
  const [name, setName] = useState(() => escapeBytes(prefix));
  const [value, setValue] = useState("");
  const [leaseText, setLease] = useState("");
  const [exists, setExists] = useState(false);
  const key = tryParseEscaped(name);
  const lease = parseLease(leaseText);
  useEffect(() => setExists(false), [name]);
  const create = useAction(async () => {
    if (key === undefined || lease === undefined) return;
    try {
      await putIfUnchanged(clients, { key, value: encodeUtf8(value), lease, seen: 0n });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      setExists(true);
      return;
    }
    toast.success("Created", name);
    onClose();
    onCreated(key);
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void create.run();
  };
  const isReady = key !== undefined && key.length > 0 && lease !== undefined;
  return (
    <form className="keys-form" onSubmit={submit}>
      <TextField
        mono
        autoFocus
        required
        label="Key"
        value={name}
        onChange={setName}
        error={
          key === undefined
            ? "A backslash begins an escape such as \\n or \\x00; write two for one."
            : undefined
        }
      />
      <TextArea
        mono
        label="Value"
        value={value}
        onChange={setValue}
        rows={7}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey))
            event.currentTarget.form?.requestSubmit();
        }}
      />
      <TextField
        mono
        label="Lease"
        placeholder="None"
        description="Its id in hexadecimal. The key goes when the lease ends."
        value={leaseText}
        onChange={setLease}
        error={lease === undefined ? "A lease's id has up to sixteen hexadecimal digits." : undefined}
      />
      {exists && key !== undefined && (
        <Callout
          tone="warn"
          role="alert"
          title="This key exists already"
          actions={
            <Button
              size="s"
              onClick={() => {
                onClose();
                onCreated(key);
              }}
            >
              Open it
            </Button>
          }
        >
          Nothing was written.
        </Callout>
      )}
      {create.error !== undefined && <ErrorNote error={create.error} />}
      <WaitNote waiting={create.busy} />
      <div className="keys-form-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={create.busy} disabled={!isReady}>
          Create
        </Button>
      </div>
    </form>
  );
}

/** 0n for none. @returns undefined for text that is no id. */
function parseLease(text: string): bigint | undefined {
  if (text.trim() === "") return 0n;
  const bits = parseHexId(text.trim());
  return bits === undefined ? parseSignedHexId(text.trim()) : toInt64(bits);
}
