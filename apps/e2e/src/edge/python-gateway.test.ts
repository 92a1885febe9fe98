/** Python's etcd3gw, which knows etcd by its JSON gateway alone. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findProgram, missesPrograms, subjectKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import { useMember } from "../harness/use-member.js";

const suite = "Python's etcd3gw";
const SCRIPT = fileURLToPath(new URL("../../scripts/python_gateway_client.py", import.meta.url));

async function hasModule(): Promise<boolean> {
  const command = findProgram("python3")?.command;
  if (command === undefined) return false;
  return (await runCommand(command, ["-c", "import etcd3gw"])).exitCode === 0;
}

const isSkipped = missesPrograms(suite, [subjectKind, "python3"]) || !(await hasModule());
if (isSkipped)
  console.warn(
    `skipped: ${suite}: install etcd3gw (pip install etcd3gw), and name its interpreter in PYTHON_BIN`,
  );

describe.skipIf(isSkipped)(suite, () => {
  const member = useMember({ kind: subjectKind });

  it("reads, writes, compares, leases, locks and watches", async () => {
    const command = findProgram("python3")?.command ?? expect.unreachable();
    const result = await runCommand(command, [SCRIPT, member().endpoint], { timeoutMs: 60_000 });
    expect(result.stdout + result.stderr).toBe("ok\n");
  }, 90_000);
});
