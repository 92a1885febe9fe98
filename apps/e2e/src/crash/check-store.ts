/** Reads a store after a restart and says everything that is not as the ledger knows it. */
import { etcdserverpb } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { WireClient } from "../harness/wire-client.js";
import type { Acknowledged, Ledger } from "./ledger.js";

const kv = etcdserverpb.KV.method;
const IN_FLIGHT_MAX = 32;

/** @param compacted revision below which history is gone; 0 for none. */
export async function checkStore(client: WireClient, ledger: Ledger, compacted: number): Promise<string[]> {
  const round = ledger.takeRound();
  const unanswered = ledger.unansweredCount;
  const all = await client.demand(kv.range, { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) });
  const revision = Number(all.header?.revision);
  return [
    ...checkRevision(revision, ledger, unanswered),
    ...checkLatest(all.kvs, ledger),
    ...checkPairs(all.kvs),
    ...(await checkHistory(client, round, compacted)),
    ...(await checkHash(client, revision)),
  ];
}

function checkRevision(revision: number, ledger: Ledger, unanswered: number): string[] {
  const highest = ledger.revision + unanswered;
  if (revision >= ledger.revision && revision <= highest) return [];
  return [
    `revision ${revision} is not between the acknowledged ${ledger.revision} and the possible ${highest}`,
  ];
}

function checkLatest(pairs: readonly mvccpb.KeyValue[], ledger: Ledger): string[] {
  const found = new Map(pairs.map((pair) => [Buffer.from(pair.key).toString(), pair]));
  const problems = ledger.keys.flatMap((key) => ledger.settle(key, found.get(key)) ?? []);
  const known = new Set(ledger.keys);
  const strangers = [...found.keys()].filter((key) => !known.has(key));
  return [...problems, ...strangers.map((key) => `${key} was never written`)];
}

function checkPairs(pairs: readonly mvccpb.KeyValue[]): string[] {
  const bySide = new Map(pairs.map((pair) => [Buffer.from(pair.key).toString(), pair]));
  return [...bySide].flatMap(([key, left]) => {
    if (!key.endsWith("/left")) return [];
    const right = bySide.get(key.replace(/left$/, "right"));
    return right?.modRevision === left.modRevision ? [] : [`${key} was torn from its other half`];
  });
}

/** Every write of the round is readable at its own revision. */
async function checkHistory(
  client: WireClient,
  round: readonly Acknowledged[],
  compacted: number,
): Promise<string[]> {
  const problems: string[] = [];
  const readable = round.filter((write) => write.revision >= compacted);
  let next = 0;
  const read = async (): Promise<void> => {
    for (let write = readable[next++]; write !== undefined; write = readable[next++]) {
      const request = { key: Buffer.from(write.key), revision: BigInt(write.revision) };
      const pair = (await client.demand(kv.range, request)).kvs[0];
      const value = pair === undefined ? undefined : Buffer.from(pair.value).toString();
      const isThere =
        value === write.value && (pair === undefined || Number(pair.modRevision) === write.revision);
      if (!isThere) problems.push(`${write.key} at ${write.revision} is not what was acknowledged`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT_MAX }, read));
  return problems;
}

async function checkHash(client: WireClient, revision: number): Promise<string[]> {
  const hash = await client.demand(etcdserverpb.Maintenance.method.hashKV, {});
  return Number(hash.header?.revision) === revision ? [] : [`hash was taken at ${hash.header?.revision}`];
}
