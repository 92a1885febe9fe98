import { etcdserverpb, formatSignedHexId } from "@quorate/proto";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useClients, useClusterId } from "../../data/index.js";
import { escapeBytes } from "../../text/escape.js";
import { ConfirmDialog, KeyText, useToast } from "../../ui/index.js";
import type { ContenderView, ContestView } from "./contest-view.js";

export interface TakeAwayDialogProps {
  readonly contest: ContestView;
  readonly contender: ContenderView;
  readonly onClose: () => void;
}

/**
 * Deletes the contender's key, not its lease: other keys on that lease are none of our business here. Only the very attempt that was
 * looked at is ended, so a holder that has changed meanwhile keeps what it has.
 */
export function TakeAwayDialog({ contest, contender, onClose }: TakeAwayDialogProps): ReactElement {
  const { kv } = useClients();
  const clusterId = useClusterId();
  const queries = useQueryClient();
  const toast = useToast();
  const holds = contest.holder.identity === contender.identity;
  const next = contest.waiters[0];
  const what = contest.kind === "lock" ? "lock" : "leadership";
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={holds ? `Take the ${what} away?` : "Send this contender away?"}
      confirmLabel={holds ? "Take it away" : "Send away"}
      tone="danger"
      {...(holds ? { mustType: escapeBytes(contest.name) } : {})}
      consequence={
        <>
          <p>
            The key <KeyText bytes={contender.keyBytes} /> is deleted.{" "}
            {holds
              ? next === undefined
                ? "Nobody waits, so it is free then."
                : `The next in line, lease ${formatSignedHexId(next.lease)}, gets it at once.`
              : "The others move up."}
          </p>
          {holds && (
            <p>
              Its owner is not asked. Until it notices, two may believe they{" "}
              {contest.kind === "lock" ? "hold the lock" : "lead"}; only work that checks the fencing token is
              safe from that.
            </p>
          )}
        </>
      }
      onConfirm={async () => {
        const { succeeded } = await kv.txn(deleteIfSame(contender));
        await queries.invalidateQueries({ queryKey: ["cluster", clusterId, "contests"] });
        if (succeeded) toast.success(holds ? `The ${what} was taken away` : "The contender was sent away");
        else toast.info("Nothing was done", "It had let go by itself already.");
      }}
    />
  );
}

type TxnInit = Parameters<ReturnType<typeof useClients>["kv"]["txn"]>[0];

function deleteIfSame({ keyBytes, createRevision }: ContenderView): TxnInit {
  return {
    compare: [
      {
        key: keyBytes,
        target: etcdserverpb.Compare_CompareTarget.CREATE,
        result: etcdserverpb.Compare_CompareResult.EQUAL,
        targetUnion: { case: "createRevision", value: createRevision },
      },
    ],
    success: [{ request: { case: "requestDeleteRange", value: { key: keyBytes } } }],
  };
}
