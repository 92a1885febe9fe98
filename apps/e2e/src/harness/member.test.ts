import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { Member } from "./member.js";
import { missesPrograms, subjectKind } from "./programs.js";
import { WireClient } from "./wire-client.js";

const kv = etcdserverpb.KV.method;

describe.skipIf(missesPrograms("a member's life", [subjectKind]))("a member's life", () => {
  it("starts, answers, is stopped and killed, and still has what it was given", async () => {
    const member = await Member.start({ kind: subjectKind });
    const client = new WireClient(member.endpoint);
    try {
      const put = await client.demand(kv.put, { key: Buffer.from("a"), value: Buffer.from("1") });
      expect(put.header?.revision).toBe(2n);
      await member.stop();
      expect(member.isRunning).toBe(false);
      await member.restart();
      await member.kill();
      await member.restart();
      const range = await client.demand(kv.range, { key: Buffer.from("a") });
      expect(range.kvs.map((pair) => Buffer.from(pair.value).toString())).toEqual(["1"]);
      expect(range.header?.revision).toBe(2n);
    } catch (error) {
      member.keepLog();
      throw error;
    } finally {
      client.close();
      await member.dispose();
    }
  });
});
