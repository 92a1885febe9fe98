/** Keys for a journey, written in large transactions so that even a million is there soon. */
import { etcdserverpb } from "@quorate/proto";
import type { WireClient } from "../harness/wire-client.js";

/** Flag of a member that takes transactions of this size. */
export const LARGE_TXN_FLAG = "--max-txn-ops=10000";
const LARGE_TXN_OPS = 10_000;
const TXNS_AT_ONCE = 4;
const TXN_MS_MAX = 120_000;

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));

export async function putKey(client: WireClient, key: string, value: string, lease = 0n): Promise<bigint> {
  const { header } = await client.demand(etcdserverpb.KV.method.put, {
    key: bytes(key),
    value: bytes(value),
    lease,
  });
  return header?.revision ?? 0n;
}

/** `count` keys that `nameOf` names, all with the same short value. Needs `LARGE_TXN_FLAG`. */
export async function putMany(
  client: WireClient,
  count: number,
  nameOf: (place: number) => string,
): Promise<void> {
  const value = bytes("value");
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < count) {
      const begin = next;
      next = Math.min(begin + LARGE_TXN_OPS, count);
      const success = Array.from({ length: next - begin }, (_, offset) => ({
        request: { case: "requestPut", value: { key: bytes(nameOf(begin + offset)), value } } as const,
      }));
      await client.demand(etcdserverpb.KV.method.txn, { success }, TXN_MS_MAX);
    }
  };
  await Promise.all(Array.from({ length: TXNS_AT_ONCE }, write));
}
