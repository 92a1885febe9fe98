import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { Member } from "../harness/member.js";
import { lacksOffers } from "../harness/offers.js";
import { findProgram, missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { Etcdctl } from "./etcdctl.js";

const suite = "etcdctl watch prints the same about both servers";

/** Ends what a watch prints, so that a reader knows that everything before it has arrived. */
const LAST_VALUE = "the last value";

const isLeftOut = missesPrograms(suite, [subjectKind, "etcd", "etcdctl"]) || lacksOffers(suite, ["Watch"]);

describe.skipIf(isLeftOut)(suite, () => {
  const subject = useMember({ kind: subjectKind });
  const reference = useMember({ kind: "etcd" });

  it("history and what happens while it watches, with the pairs before", async () => {
    const transcripts = await Promise.all(
      [subject(), reference()].map(async (member) => {
        const etcdctl = new Etcdctl(member.endpoint);
        await etcdctl.run({ args: ["put", "w/1", "one"] });
        await etcdctl.run({ args: ["put", "w/2", ""] });
        await etcdctl.run({ args: ["del", "w/", "--prefix"] });
        const printed = watch(member, ["w/", "--prefix", "--rev=2", "--prev-kv"]);
        await etcdctl.run({ args: ["txn"], stdin: "\nput w/1 both\nput w/3 both\ndel w/2\n\n\n" });
        await etcdctl.run({ args: ["put", "elsewhere", "unseen"] });
        await etcdctl.run({ args: ["put", "w/9", LAST_VALUE] });
        return printed;
      }),
    );
    expect(transcripts[0]).toContain("w/3\nboth\n");
    expect(transcripts[0]).toBe(transcripts[1]);
  });

  it("that its history is gone", async () => {
    const transcripts = await Promise.all(
      [subject(), reference()].map(async (member) => {
        const etcdctl = new Etcdctl(member.endpoint);
        await etcdctl.run({ args: ["compaction", "4"] });
        return etcdctl.run({ args: ["watch", "w/", "--prefix", "--rev=2"] });
      }),
    );
    expect(transcripts[0]?.stderr).toContain("required revision has been compacted");
    expect(transcripts[0]).toEqual(transcripts[1]);
  });
});

/** Runs a watch until it has printed the last value. @returns all it printed. */
function watch(member: Member, args: readonly string[]): Promise<string> {
  const program = findProgram("etcdctl");
  if (program === undefined) throw new Error("etcdctl is not on this machine");
  const child = spawn(program.command, [`--endpoints=${member.endpoint}`, "watch", ...args], {
    env: { ...process.env, ETCDCTL_API: "3" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.endsWith(`${LAST_VALUE}\n`)) child.kill();
    });
    child.on("error", reject);
    child.on("close", () => resolve(printed));
  });
}
