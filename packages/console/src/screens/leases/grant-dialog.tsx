import { formatPaddedHexId, parseSignedHexId } from "@quorate/proto";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { FormEvent, ReactElement } from "react";
import { useAction, useClients, useClusterId } from "../../data/index.js";
import { formatDuration } from "../../text/format.js";
import { Button, Callout, CopyButton, Dialog, ErrorNote, TextField, WaitNote } from "../../ui/index.js";
import { parseTtl } from "./ttl-text.js";

interface Granted {
  readonly hex: string;
  readonly seconds: number;
}

export function GrantDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { lease } = useClients();
  const clusterId = useClusterId();
  const queries = useQueryClient();
  const [ttl, setTtl] = useState("60s");
  const [id, setId] = useState("");
  const [tried, setTried] = useState(false);
  const [granted, setGranted] = useState<Granted>();
  const parsed = parseTtl(ttl);
  const chosenId = id.trim() === "" ? 0n : parseSignedHexId(id.trim());
  const grant = useAction(async (seconds: number, ID: bigint) => {
    const answer = await lease.leaseGrant({ TTL: BigInt(seconds), ID });
    if (answer.error !== "") throw new Error(answer.error);
    setGranted({ hex: formatPaddedHexId(answer.ID), seconds: Number(answer.TTL) });
    await queries.invalidateQueries({ queryKey: ["cluster", clusterId, "leases"] });
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if ("seconds" in parsed && chosenId !== undefined && !grant.busy)
      void grant.run(parsed.seconds, chosenId);
  };
  if (granted !== undefined) return <GrantedNote granted={granted} onClose={onClose} />;
  return (
    <Dialog
      open
      size="s"
      onClose={onClose}
      title="Grant a lease"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="grant-lease" variant="primary" busy={grant.busy}>
            Grant
          </Button>
        </>
      }
    >
      <form id="grant-lease" className="leases-form" onSubmit={submit}>
        <TextField
          autoFocus
          label="Time to live"
          description={
            "seconds" in parsed
              ? `Ends after ${formatDuration(parsed.seconds)} unless renewed.`
              : "For example 60s, 5m, 1h 30m."
          }
          error={tried && "problem" in parsed ? parsed.problem : undefined}
          value={ttl}
          onChange={setTtl}
        />
        <TextField
          mono
          label="ID in hexadecimal, if it has to be a certain one"
          placeholder="chosen by the server"
          error={tried && chosenId === undefined ? "Up to 16 hexadecimal digits." : undefined}
          value={id}
          onChange={setId}
        />
        <Callout tone="neutral">
          Nobody renews it from here: it is for keys that are to vanish by themselves. Clients take and renew
          their own.
        </Callout>
        {grant.error !== undefined && <ErrorNote error={grant.error} />}
        <WaitNote waiting={grant.busy} />
      </form>
    </Dialog>
  );
}

function GrantedNote({
  granted,
  onClose,
}: {
  readonly granted: Granted;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <Dialog
      open
      size="s"
      onClose={onClose}
      title={`Granted for ${formatDuration(granted.seconds)}`}
      description="Name it when you create a key, and the key goes with it."
      footer={
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <div className="leases-id is-large">
        <code>{granted.hex}</code>
        <CopyButton label="Copy lease ID" text={granted.hex} />
      </div>
    </Dialog>
  );
}
