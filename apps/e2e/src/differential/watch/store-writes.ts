/** Turns the model's writes into requests, and holds a server's answer to the revision that the model came to. */
import { etcdserverpb } from "@quorate/proto";
import type { MessageInitShape } from "@quorate/proto";
import type { WireClient } from "../../harness/wire-client.js";
import type { Change, Write } from "./history-model.js";

/** Seconds: no lease expires during a run. */
const TTL = 1_000_000n;
const { KV, Lease } = etcdserverpb;
type Answer = Promise<{ readonly header?: etcdserverpb.ResponseHeader | undefined }>;
type Operation = MessageInitShape<typeof etcdserverpb.RequestOpSchema>;

/** @returns the revision after the write. @throws when it was refused. */
export async function sendWrite(client: WireClient, write: Write): Promise<number> {
  const { header } = await call(client, write);
  return Number(header?.revision ?? 0n);
}

function call(client: WireClient, write: Write): Answer {
  switch (write.kind) {
    case "grant":
      return client.demand(Lease.method.leaseGrant, { ID: write.lease, TTL });
    case "revoke":
      return client.demand(Lease.method.leaseRevoke, { ID: write.lease });
    case "compact":
      return client.demand(KV.method.compact, { revision: BigInt(write.revision) });
    case "txn":
      return callTxn(client, write);
  }
}

function callTxn(client: WireClient, { ifMissing, changes }: Write & { kind: "txn" }): Answer {
  const [only] = changes;
  if (ifMissing === undefined && changes.length === 1 && only !== undefined) {
    return only.kind === "put"
      ? client.demand(KV.method.put, putOf(only))
      : client.demand(KV.method.deleteRange, deleteOf(only));
  }
  return client.demand(KV.method.txn, {
    compare:
      ifMissing === undefined
        ? []
        : [
            {
              key: bytes(ifMissing),
              target: 1,
              result: 0,
              targetUnion: { case: "createRevision", value: 0n },
            },
          ],
    success: changes.map(operationOf),
  });
}

function operationOf(change: Change): Operation {
  return {
    request:
      change.kind === "put"
        ? { case: "requestPut", value: putOf(change) }
        : { case: "requestDeleteRange", value: deleteOf(change) },
  };
}

function putOf({ key, value, lease }: Change & { kind: "put" }) {
  return { key: bytes(key), value: bytes(value), lease };
}

function deleteOf({ key, end }: Change & { kind: "delete" }) {
  return { key: bytes(key), rangeEnd: bytes(end) };
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
