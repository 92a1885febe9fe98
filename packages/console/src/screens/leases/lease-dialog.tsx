import { formatPaddedHexId, formatSignedHexId } from "@quorate/proto";
import { Trash2 } from "lucide-react";
import type { ReactElement } from "react";
import type { MayWrite } from "../../data/index.js";
import { etcdctl } from "../../text/commands.js";
import { formatDuration, plural } from "../../text/format.js";
import { Callout, CopyAs, DescriptionList, Dialog, ErrorNote, Skeleton, useNow } from "../../ui/index.js";
import { WriteButton } from "../members/write-button.js";
import { KeyLines } from "./key-lines.js";
import { TimeLeft } from "./time-left.js";
import { useLease } from "./use-leases.js";

export interface LeaseDialogProps {
  readonly id: bigint;
  readonly mayWrite: MayWrite;
  readonly onClose: () => void;
  readonly onRevoke: () => void;
}

export function LeaseDialog({ id, mayWrite, onClose, onRevoke }: LeaseDialogProps): ReactElement {
  const lease = useLease(id);
  const nowMs = useNow(500);
  const hex = formatPaddedHexId(id);
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Lease ${hex}`}
      footer={
        <>
          <CopyAs
            etcdctl={`${etcdctl("lease timetolive", [])} ${hex} --keys`}
            typescript={`await client.leases.timeToLive(0x${hex}n, { keys: true });`}
            more={[
              { label: "Copy ID in hexadecimal", text: hex },
              { label: "Copy ID in decimal", text: String(id) },
              { label: "Copy ID as keys carry it", text: formatSignedHexId(id) },
            ]}
          />
          <WriteButton mayWrite={mayWrite} icon={<Trash2 />} onClick={onRevoke} disabled={lease.data == null}>
            Revoke
          </WriteButton>
        </>
      }
    >
      {lease.isPending && <Skeleton lines={4} />}
      {lease.isError && lease.data === undefined && (
        <ErrorNote error={lease.error} onRetry={() => void lease.refetch()} />
      )}
      {lease.data === null && (
        <Callout tone="info" title="This lease is gone.">
          It ran out or was revoked, and its keys were deleted with it.
        </Callout>
      )}
      {lease.data != null && (
        <>
          <DescriptionList
            items={[
              { label: "Time left", value: <TimeLeft lease={lease.data} nowMs={nowMs} /> },
              { label: "Granted", value: formatDuration(lease.data.grantedSeconds) },
              { label: "Keys", value: plural(lease.data.keys.length, "key") },
            ]}
          />
          {lease.data.keys.length === 0 ? (
            <p className="leases-none">No key hangs on it.</p>
          ) : (
            <KeyLines keys={lease.data.keys} label="Keys that hang on this lease" />
          )}
        </>
      )}
    </Dialog>
  );
}
