/** The end of a load: a last write, the store's own history up to it, and the hashes of its members. */
import type { ServiceError } from "@grpc/grpc-js";
import { GrpcStatus, create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import type { StoreEvent } from "@quorate/sim";
import { sleep } from "../harness/member.js";
import { WireClient, pathOf } from "../harness/wire-client.js";
import type { MemberHash } from "@quorate/sim";
import { prefixEnd, toBytes, toStoreEvent } from "@quorate/sim";

/** Time for the cluster to take a last write, and again for each member to have it. */
export const SETTLE_MS_MAX = 30_000;
/** Time for the store's history to come; as long as it keeps coming. */
const HISTORY_SILENCE_MS_MAX = 10_000;
const CALL_MS_MAX = 3_000;
const RETRY_MS = 200;

/** Asks one endpoint after the other until one says something; rejects after `SETTLE_MS_MAX`. */
export async function askAny<T>(
  endpoints: readonly string[],
  ask: (client: WireClient) => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + SETTLE_MS_MAX;
  let last: unknown;
  for (let turn = 0; performance.now() < deadline; turn += 1) {
    const client = new WireClient(endpoints[turn % endpoints.length]!);
    try {
      const answer = await ask(client);
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    } finally {
      client.close();
    }
    await sleep(RETRY_MS);
  }
  throw new Error(`no member of ${endpoints.join(", ")} did it within ${SETTLE_MS_MAX} ms`, { cause: last });
}

/** Removes what an earlier load left under the prefix. @returns the store's revision then. */
export async function clearPrefix(endpoints: readonly string[], prefix: string): Promise<number> {
  const range = { key: toBytes(prefix), rangeEnd: prefixEnd(prefix) };
  return askAny(endpoints, async (client) => {
    const outcome = await client.call(etcdserverpb.KV.method.deleteRange, range, CALL_MS_MAX);
    return outcome.ok ? Number(outcome.message.header?.revision) : undefined;
  });
}

/**
 * The events of the prefix from `fromRevision` to `toRevision`, both included, as one member tells them; "gone" when
 * the first of them are compacted, or members know no watch.
 */
export function readEvents(
  endpoints: readonly string[],
  prefix: string,
  range: { fromRevision: number; toRevision: number },
): Promise<readonly StoreEvent[] | "gone"> {
  return askAny(endpoints, (client) => readEventsOf(client, prefix, range));
}

function readEventsOf(
  client: WireClient,
  prefix: string,
  { fromRevision, toRevision }: { fromRevision: number; toRevision: number },
): Promise<readonly StoreEvent[] | "gone" | undefined> {
  const stream = client.openBidiStream(pathOf(etcdserverpb.Watch.method.watch));
  const events: StoreEvent[] = [];
  return new Promise((resolve) => {
    const settle = (answer: readonly StoreEvent[] | "gone" | undefined): void => {
      clearTimeout(timer);
      stream.cancel();
      resolve(answer);
    };
    let timer = setTimeout(settle, HISTORY_SILENCE_MS_MAX, undefined);
    stream.on("error", ({ code }: Partial<ServiceError>) => {
      settle(code === GrpcStatus.Unimplemented ? "gone" : undefined);
    });
    stream.on("end", () => settle(undefined));
    stream.on("data", (bytes: Buffer) => {
      clearTimeout(timer);
      timer = setTimeout(settle, HISTORY_SILENCE_MS_MAX, undefined);
      const response = fromBinary(etcdserverpb.WatchResponseSchema, bytes);
      if (response.canceled) {
        settle(response.compactRevision > 0n ? "gone" : undefined);
        return;
      }
      for (const event of response.events) events.push(toStoreEvent(event, false));
      if ((events.at(-1)?.modRevision ?? 0) >= toRevision && !response.fragment) settle(events);
    });
    const value = {
      key: toBytes(prefix),
      rangeEnd: prefixEnd(prefix),
      startRevision: BigInt(fromRevision),
      fragment: true,
    };
    const schema = etcdserverpb.WatchRequestSchema;
    stream.write(
      Buffer.from(toBinary(schema, create(schema, { requestUnion: { case: "createRequest", value } }))),
    );
  });
}

/** The hash of everything up to `revision`; waits for a member that is behind. */
export async function readHash(endpoint: string, revision: number): Promise<MemberHash> {
  const deadline = performance.now() + SETTLE_MS_MAX;
  const client = new WireClient(endpoint);
  const request = { revision: BigInt(revision) };
  try {
    for (;;) {
      const outcome = await client.call(etcdserverpb.Maintenance.method.hashKV, request, CALL_MS_MAX);
      if (outcome.ok) {
        const { hash, compactRevision } = outcome.message;
        return { endpoint, hash, compactRevision: Number(compactRevision) };
      }
      if (performance.now() > deadline) return { endpoint, error: outcome.text };
      await sleep(RETRY_MS);
    }
  } finally {
    client.close();
  }
}
