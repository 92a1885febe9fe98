import { formatPaddedHexId } from "@quorate/proto";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useClients, useClusterId } from "../../data/index.js";
import { plural } from "../../text/format.js";
import { ConfirmDialog, ErrorNote, Skeleton, useToast } from "../../ui/index.js";
import { KeyLines } from "./key-lines.js";
import { useLease } from "./use-leases.js";

export interface RevokeDialogProps {
  readonly id: bigint;
  readonly onClose: () => void;
  readonly onRevoked: () => void;
}

/** Revoking from this many keys on asks for the ID: that much is seldom meant. */
const manyKeys = 10;

/** Shows the very keys that will vanish, read when the question is asked and again while it is open. */
export function RevokeDialog({ id, onClose, onRevoked }: RevokeDialogProps): ReactElement {
  const { lease: leaseClient } = useClients();
  const clusterId = useClusterId();
  const queries = useQueryClient();
  const toast = useToast();
  const lease = useLease(id);
  const hex = formatPaddedHexId(id);
  const keys = lease.data?.keys ?? [];
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Revoke lease ${hex}?`}
      confirmLabel={keys.length === 0 ? "Revoke" : `Revoke and delete ${plural(keys.length, "key")}`}
      tone="danger"
      disabled={lease.data == null}
      {...(keys.length >= manyKeys ? { mustType: hex } : {})}
      consequence={
        keys.length === 0 ? (
          <p>No key hangs on it. Whoever renews it will find it gone.</p>
        ) : (
          <>
            <p>
              {keys.length === 1 ? "This key is" : `These ${plural(keys.length, "key")} are`} deleted at once.
              Locks, elections and registrations among them are lost to their owners, who find out at their
              next renewal.
            </p>
          </>
        )
      }
      onConfirm={async () => {
        await leaseClient.leaseRevoke({ ID: id });
        toast.success(
          `Lease ${hex} was revoked`,
          keys.length === 0 ? undefined : `${plural(keys.length, "key")} went with it.`,
        );
        await queries.invalidateQueries({ queryKey: ["cluster", clusterId, "leases"] });
        onRevoked();
      }}
    >
      {lease.isPending && <Skeleton lines={3} />}
      {lease.isError && <ErrorNote error={lease.error} onRetry={() => void lease.refetch()} />}
      {lease.data === null && <p>This lease is gone already.</p>}
      {keys.length > 0 && <KeyLines keys={keys} label="Keys that will be deleted" />}
    </ConfirmDialog>
  );
}
