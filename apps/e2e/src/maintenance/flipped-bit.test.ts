/** A bit that a disk has turned: the member stops and names the file; nobody is told what was not written. */
import { readFileSync } from "node:fs";
import { etcdserverpb } from "@quorate/proto";
import { afterEach, describe, expect, it } from "vitest";
import { Member } from "../harness/member.js";
import { missesPrograms } from "../harness/programs.js";
import { WireClient } from "../harness/wire-client.js";
import { findTables, flipBit } from "./flip-bit.js";

const kv = etcdserverpb.KV.method;
const VALUE_BYTES = 64 * 1024;
/** More than the member keeps of records in memory, so that the oldest have to be read from the disk. */
const VALUES_COUNT = 1600;
const PUTS_AT_ONCE = 16;
const ENDED_MS_MAX = 20_000;

const suite = "a flipped bit";

const keyOf = (i: number): Buffer => Buffer.from(`key-${String(i).padStart(6, "0")}`);
const valueOf = (i: number): Buffer => Buffer.alloc(VALUE_BYTES, `value ${i}, `);

describe.skipIf(missesPrograms(suite, ["quorate"]))(suite, () => {
  let member: Member | undefined;
  afterEach(async (context) => {
    if (context.task.result?.state === "fail") member?.keepLog();
    await member?.dispose();
  });

  it("in a database at rest keeps the member from starting, until it is mended", async () => {
    member = await Member.start({ kind: "quorate" });
    await putAll(member, 100);
    await member.stop();
    const file = findTables(member.dataFolder)[0] ?? "";
    flipBit(file, 0.4);
    member.spawn();
    await member.waitUntilEnded(ENDED_MS_MAX);
    expect(lastLine(member)).toMatchObject({ level: "fatal", msg: "the member could not start" });
    expect(lastLine(member).error).toMatch(/checksum mismatch/);
    expect(lastLine(member).error).toContain(file);
    expect(lastLine(member).error).toContain("restore a backup");

    flipBit(file, 0.4);
    await member.restart();
    expect(await readRight(member, 100)).toBe(100);
  });

  it("under a member that runs ends it at the first read of it, and no read gives wrong data", async () => {
    // The log is trimmed at each mark, and each mark flushes: what is read later comes from tables.
    member = await Member.start({ kind: "quorate", flags: ["--quota-backend-bytes=-1"] });
    await putAll(member, VALUES_COUNT);
    const tables = findTables(member.dataFolder);
    expect(tables.length).toBeGreaterThan(0);
    for (const file of tables) for (let part = 1; part < 20; part++) flipBit(file, part / 20);
    const right = await readRight(member, VALUES_COUNT);
    expect(right).toBeLessThan(VALUES_COUNT);
    await member.waitUntilEnded(ENDED_MS_MAX);
    expect(lastLine(member)).toMatchObject({ level: "fatal", msg: "the member can't go on and stops" });
    expect(tables.some((file) => lastLine(member).error.includes(file))).toBe(true);
    console.log(`${right} of ${VALUES_COUNT} values were read before the member stopped`);
  });
});

async function putAll(member: Member, count: number): Promise<void> {
  const client = new WireClient(member.endpoint);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      await client.demand(kv.put, { key: keyOf(i), value: valueOf(i) });
    }
  };
  await Promise.all(Array.from({ length: PUTS_AT_ONCE }, work));
  client.close();
}

/** Reads the keys in order until the member is gone. @returns how many were there; all of them are checked. */
async function readRight(member: Member, count: number): Promise<number> {
  const client = new WireClient(member.endpoint);
  try {
    for (let i = 0; i < count; i++) {
      const outcome = await client.call(kv.range, { key: keyOf(i) });
      if (!outcome.ok) return i;
      const [found] = outcome.message.kvs;
      if (found === undefined || Buffer.compare(found.value, valueOf(i)) !== 0)
        throw new Error(`key ${i} has a value that was never written`);
    }
    return count;
  } finally {
    client.close();
  }
}

function lastLine(member: Member | undefined): { level: string; msg: string; error: string } {
  const lines = readFileSync(member?.logFile ?? "", "utf8").split("\n");
  return JSON.parse(lines.findLast((line) => line.startsWith("{")) ?? "{}") as ReturnType<typeof lastLine>;
}
