import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { lacksOffers } from "../harness/offers.js";
import type { Offer } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import { useMember } from "../harness/use-member.js";
import { preparePython } from "./python-environment.js";

const suite = "Python's client etcd3";
const script = fileURLToPath(new URL("../../scripts/python_client.py", import.meta.url));

/** The parts of the script, and what each asks of the server. */
const PARTS: readonly { readonly part: string; readonly needs: readonly Offer[] }[] = [
  { part: "keys_and_values", needs: ["KV.Range"] },
  { part: "transactions", needs: ["KV.Txn"] },
  { part: "watches", needs: ["Watch"] },
  { part: "leases_and_locks", needs: ["Lease", "Watch"] },
  { part: "maintenance", needs: ["Maintenance.Status", "Maintenance.Hash", "Cluster.MemberList"] },
];

describe.skipIf(missesPrograms(suite, [subjectKind, "python3"]))(suite, async () => {
  const python = await preparePython();
  if (typeof python === "string") console.warn(`skipped: ${suite}: ${python}`);
  const member = useMember({ kind: subjectKind });

  for (const { part, needs } of PARTS) {
    const isLeftOut = typeof python === "string" || lacksOffers(`${suite}: ${part}`, needs);
    it.skipIf(isLeftOut)(part.replaceAll("_", " "), async () => {
      if (typeof python === "string") return;
      const result = await runCommand(python.command, [script, String(member().clientPort), part], {
        env: python.env,
      });
      expect(result.stdout + result.stderr).toMatch(/^done$/m);
      expect(result.exitCode).toBe(0);
    });
  }
});
