/**
 * Waits until no key of a prefix is older than the caller's own. Each waiter watches only the newest of those before it, so
 * that a release wakes one waiter and not all of them.
 *
 *     a (rev 3, owner) <--- b (rev 5) waits for a <--- c (rev 8) waits for b
 */
import { GrpcStatus, ERRORS, etcdserverpb as pb } from "@quorate/proto";
import type { Caller } from "./caller.js";
import { RecipeError, type RecipeClient } from "./recipe-client.js";

const { CREATE } = pb.RangeRequest_SortTarget;
const { DESCEND } = pb.RangeRequest_SortOrder;

/** @returns false when the caller has left. @throws RecipeError */
export async function waitDeletes(
  client: RecipeClient,
  wait: {
    readonly prefix: { readonly from: Uint8Array; readonly to: Uint8Array };
    /** Create revision of the caller's own key. */
    readonly ownRevision: bigint;
    readonly caller: Caller;
  },
): Promise<boolean> {
  const { prefix, ownRevision, caller } = wait;
  while (!caller.hasLeft) {
    const { header, kvs } = await client.range({
      key: prefix.from,
      rangeEnd: prefix.to,
      sortTarget: CREATE,
      sortOrder: DESCEND,
      limit: 1n,
      maxCreateRevision: ownRevision - 1n,
    });
    const before = kvs[0];
    if (before === undefined) return true;
    if (caller.hasLeft) return false;
    await waitDelete(client, { key: before.key, afterRevision: Number(header?.revision ?? 0n), caller });
  }
  return false;
}

/** Resolves when the key, which was there at `afterRevision`, is deleted, or the caller leaves. */
function waitDelete(
  client: RecipeClient,
  wait: { readonly key: Uint8Array; readonly afterRevision: number; readonly caller: Caller },
): Promise<void> {
  const { key, afterRevision, caller } = wait;
  return new Promise((resolve, reject) => {
    const cancel = client.watches.watch({ from: key, to: undefined }, afterRevision + 1, {
      onEvents: (events) => {
        if (!events.some((event) => event.isDelete)) return;
        caller.whenLeft(undefined);
        cancel();
        resolve();
      },
      onClosed: (reason) => {
        caller.whenLeft(undefined);
        reject(
          new RecipeError(GrpcStatus.Unknown, reason === "" ? ERRORS["lock-watcher-lost"].message : reason),
        );
      },
    });
    caller.whenLeft(() => {
      cancel();
      resolve();
    });
  });
}
