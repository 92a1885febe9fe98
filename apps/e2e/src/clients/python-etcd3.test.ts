import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import { useMember } from "../harness/use-member.js";
import { preparePython } from "./python-environment.js";

const suite = "Python's client etcd3";
const script = fileURLToPath(new URL("../../scripts/python_client.py", import.meta.url));

describe.skipIf(missesPrograms(suite, [subjectKind, "python3"]))(suite, async () => {
  const python = await preparePython();
  if (typeof python === "string") console.warn(`skipped: ${suite}: ${python}`);
  const member = useMember({ kind: subjectKind });

  it.skipIf(typeof python === "string")("reads, writes, compares, watches, leases and locks", async () => {
    if (typeof python === "string") return;
    const result = await runCommand(python.command, [script, String(member().clientPort)], {
      env: python.env,
    });
    expect(result.stdout + result.stderr).toContain("done");
    expect(result.exitCode).toBe(0);
  });
});
