import type { mvccpb } from "@quorate/proto";
import type { ReactElement } from "react";
import { useClients, useClusterQuery } from "../../data/index.js";
import { latin1 } from "../../text/bytes.js";
import { escapeBytes } from "../../text/escape.js";
import { formatCount, plural } from "../../text/format.js";
import { ConfirmDialog, ErrorNote, KeyText, Skeleton } from "../../ui/index.js";
import { deleteIfUnchanged, deletePrefix, previewPrefix } from "./key-writes.js";

export interface DeleteKeyDialogProps {
  readonly open: boolean;
  readonly kv: mvccpb.KeyValue;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}

export function DeleteKeyDialog({ open, kv, onClose, onDeleted }: DeleteKeyDialogProps): ReactElement {
  const clients = useClients();
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      tone="danger"
      title="Delete this key?"
      consequence={
        <>
          <p>
            <KeyText bytes={kv.key} /> goes, with its {plural(kv.version, "version")}. Watchers hear of it at
            once.
          </p>
          <p>
            It is deleted only if it is still as it was at revision {formatCount(kv.modRevision)}. Its history
            stays readable until the store is compacted.
          </p>
        </>
      }
      confirmLabel="Delete the key"
      onConfirm={async () => {
        await deleteIfUnchanged(clients, kv.key, kv.modRevision);
        onDeleted();
      }}
    />
  );
}

export interface DeletePrefixDialogProps {
  readonly open: boolean;
  readonly prefix: Uint8Array;
  readonly onClose: () => void;
  readonly onDeleted: (count: bigint) => void;
}

/** Counts first, shows the first keys, and has the prefix typed. */
export function DeletePrefixDialog({
  open,
  prefix,
  onClose,
  onDeleted,
}: DeletePrefixDialogProps): ReactElement {
  const clients = useClients();
  const preview = useClusterQuery(
    ["prefix-preview", latin1(prefix)],
    (all, signal) => previewPrefix(all, prefix, signal),
    { enabled: open },
  );
  const count = preview.data?.count;
  const rest = (count ?? 0n) - BigInt(preview.data?.first.length ?? 0);
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      tone="danger"
      title={count === undefined ? "Delete every key with this prefix?" : `Delete ${plural(count, "key")}?`}
      consequence={
        <>
          <p>
            Every key that begins with <KeyText bytes={prefix} /> goes in one transaction, also those that are
            written until you confirm.
          </p>
          {prefix.length === 0 && <p>The prefix is empty: this is the whole store.</p>}
        </>
      }
      confirmLabel={count === undefined ? "Counting…" : `Delete ${plural(count, "key")}`}
      mustType={prefix.length === 0 ? "everything" : escapeBytes(prefix)}
      disabled={count === undefined || count === 0n}
      onConfirm={async () => onDeleted(await deletePrefix(clients, prefix))}
    >
      {preview.isError && <ErrorNote error={preview.error} onRetry={() => void preview.refetch()} />}
      {preview.isPending && <Skeleton lines={3} />}
      {preview.data !== undefined && (
        <ul className="keys-preview" aria-label="The first of them">
          {preview.data.first.map((key) => (
            <li key={latin1(key)}>
              <KeyText bytes={key} truncate emphasis />
            </li>
          ))}
          {rest > 0n && <li>and {plural(rest, "more key", "more keys")}</li>}
        </ul>
      )}
    </ConfirmDialog>
  );
}
