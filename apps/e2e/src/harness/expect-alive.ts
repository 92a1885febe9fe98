import { etcdserverpb } from "@quorate/proto";
import { expect } from "vitest";
import type { Member } from "./member.js";
import { WireClient } from "./wire-client.js";

let probeCount = 0;

/** Fails unless the process runs and a client that comes now can write and read. */
export async function expectAlive(member: Member): Promise<void> {
  expect(member.isRunning, member.logTail()).toBe(true);
  const client = new WireClient(member.endpoint);
  try {
    probeCount += 1;
    const key = Buffer.from("still alive");
    const value = Buffer.from(String(probeCount));
    await client.demand(etcdserverpb.KV.method.put, { key, value });
    const range = await client.demand(etcdserverpb.KV.method.range, { key });
    expect(range.kvs.map((pair) => Buffer.from(pair.value).toString())).toEqual([String(probeCount)]);
  } finally {
    client.close();
  }
}
