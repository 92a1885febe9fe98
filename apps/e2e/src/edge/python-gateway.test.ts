/** Python's etcd3gw, which knows etcd by its JSON gateway alone. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { preparePython } from "../clients/python-environment.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import { useMember } from "../harness/use-member.js";

const suite = "Python's etcd3gw";
const SCRIPT = fileURLToPath(new URL("../../scripts/python_gateway_client.py", import.meta.url));

describe.skipIf(missesPrograms(suite, [subjectKind, "python3"]))(suite, async () => {
  const python = await preparePython();
  if (typeof python === "string") console.warn(`skipped: ${suite}: ${python}`);
  const member = useMember({ kind: subjectKind });

  it.skipIf(typeof python === "string")("reads, writes, compares, leases, locks and watches", async () => {
    if (typeof python === "string") return;
    const result = await runCommand(python.command, [SCRIPT, member().endpoint], { env: python.env });
    expect(result.stdout + result.stderr).toBe("ok\n");
  });
});
