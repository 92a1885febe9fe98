import { readFileSync } from "node:fs";
import { join } from "node:path";
import { etcdserverpb } from "@quorate/proto";
import { afterAll, describe, expect, it } from "vitest";
import { Member } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { WireClient } from "../harness/wire-client.js";
import { SmallDisk } from "./small-disk.js";

const kv = etcdserverpb.KV.method;
/** Room for the log segments a server prepares, and for a database beside them. */
const DISK_MEGABYTES = 512;
const LEFT_BYTES = 2_000_000;
const VALUE_BYTES = 200_000;
/** Enough to fill what is left and every file prepared before, many times over. */
const WRITES_MAX = 2_000;
const CALL_MS_MAX = 15_000;
const ENDED_MS_MAX = 30_000;

const suite = "a full disk";
const isMissing = missesPrograms(suite, [subjectKind]);
const disk = isMissing ? "" : await SmallDisk.mount(DISK_MEGABYTES);
if (typeof disk === "string" && !isMissing) console.warn(`skipped: ${suite}: ${disk}`);

describe.skipIf(typeof disk === "string")(suite, () => {
  afterAll(async () => {
    if (typeof disk !== "string") await disk.unmount();
  });

  it("is told of plainly, and takes no acknowledged write with it", async () => {
    if (typeof disk === "string") return;
    const member = await Member.start({ kind: subjectKind, dataFolder: join(disk.folder, "data") });
    try {
      disk.fillUpTo(LEFT_BYTES);
      const { acknowledged, failure } = await writeUntilFailure(member);
      expect(failure, "the disk was never full").not.toBe("");

      // Whether it refuses to go on or goes down, it says why: to the client, or in the line that it goes down with.
      const reason = member.isRunning ? failure : lastWords(member);
      console.log(
        `${acknowledged} writes of ${VALUE_BYTES} bytes were acknowledged, then: ${failure}; ${reason}`,
      );
      await member.stop();
      expect.soft(reason).toMatch(/no space|ENOSPC|space exceeded/i);

      disk.giveBack();
      await member.restart();
      await expectAcknowledged(member, acknowledged);
    } catch (error) {
      member.keepLog();
      throw error;
    } finally {
      await member.dispose();
    }
  });
});

/** The line a process ends with, in the log of either server or as Go prints it. */
function lastWords(member: Member): string {
  const lines = readFileSync(member.logFile, "utf8").split("\n");
  return lines.findLast((line) => /"level":"(?:fatal|panic)"|^panic:|^fatal/i.test(line)) ?? "no last words";
}

/** Writes one key after another. @returns how many were acknowledged, and the text of the first refusal. */
async function writeUntilFailure(member: Member): Promise<{ acknowledged: number; failure: string }> {
  const client = new WireClient(member.endpoint);
  try {
    for (let count = 0; count < WRITES_MAX; count += 1) {
      const request = { key: Buffer.from(`full/${count}`), value: new Uint8Array(VALUE_BYTES).fill(count) };
      const outcome = await client.call(kv.put, request, CALL_MS_MAX);
      if (!outcome.ok) return { acknowledged: count, failure: outcome.text };
    }
    return { acknowledged: WRITES_MAX, failure: "" };
  } finally {
    client.close();
    // A server that ends over it takes a moment to write down why; one that stays refuses writes and nothing else.
    if (!(await member.answers())) await member.waitUntilEnded(ENDED_MS_MAX);
  }
}

async function expectAcknowledged(member: Member, acknowledged: number): Promise<void> {
  const client = new WireClient(member.endpoint);
  try {
    for (let count = 0; count < acknowledged; count += 1) {
      const range = await client.demand(kv.range, { key: Buffer.from(`full/${count}`) });
      expect(range.kvs.length, `full/${count}`).toBe(1);
      expect(range.kvs[0]?.value.length).toBe(VALUE_BYTES);
      expect(range.kvs[0]?.value[0]).toBe(count % 256);
    }
    await client.demand(etcdserverpb.Maintenance.method.hashKV, {});
    await client.demand(kv.put, { key: Buffer.from("after"), value: Buffer.from("1") });
  } finally {
    client.close();
  }
}
