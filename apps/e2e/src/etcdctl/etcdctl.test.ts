import { describe, expect, it } from "vitest";
import { isOlder, readVersion } from "../harness/etcd-version.js";
import { lacksOffers } from "../harness/offers.js";
import type { Offer } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { AUTH_SCRIPT, ENDPOINT_SCRIPT, LEASE_SCRIPT } from "./admin-script.js";
import { Etcdctl, collapseTable } from "./etcdctl.js";
import type { Step } from "./etcdctl.js";
import { COMPACTION_SCRIPT, KV_SCRIPT, TXN_SCRIPT } from "./kv-script.js";

interface Script {
  readonly title: string;
  readonly steps: readonly Step[];
  readonly needs: readonly Offer[];
}

const SCRIPTS: readonly Script[] = [
  { title: "keys: put, get and del in every format", steps: KV_SCRIPT, needs: ["KV"] },
  { title: "transactions read from standard input", steps: TXN_SCRIPT, needs: ["KV.Txn"] },
  { title: "compaction", steps: COMPACTION_SCRIPT, needs: ["KV.Compact"] },
  { title: "endpoints and members", steps: ENDPOINT_SCRIPT, needs: ["Maintenance.Status"] },
  { title: "leases", steps: LEASE_SCRIPT, needs: ["Lease"] },
  { title: "users, roles and permissions", steps: AUTH_SCRIPT, needs: ["Auth"] },
];

const suite = "etcdctl prints the same about both servers";
const isMissing = missesPrograms(suite, [subjectKind, "etcd", "etcdctl"]);

for (const { title, steps, needs } of SCRIPTS) {
  const name = `${suite}: ${title}`;
  describe.skipIf(isMissing || lacksOffers(name, needs))(name, () => {
    // Each script begins on an empty store, so that revisions in its output are the same each time.
    const subject = useMember({ kind: subjectKind });
    const reference = useMember({ kind: "etcd" });
    const offered = steps.filter((step) => !lacksOffers(`etcdctl ${step.args.join(" ")}`, step.needs ?? []));

    it(`in ${offered.length} commands`, async () => {
      const [ours, theirs] = [new Etcdctl(subject().endpoint), new Etcdctl(reference().endpoint)];
      const version = await readVersion(reference());
      for (const step of offered) {
        const command = `etcdctl ${step.args.join(" ")}`;
        if (step.since !== undefined && isOlder(version, step.since)) {
          console.warn(`skipped: ${command}: only comparable with etcd ${step.since} or newer`);
          continue;
        }
        const [left, right] = await Promise.all([ours.run(step), theirs.run(step)]);
        const shown = step.args.includes("-w=table")
          ? [left, right].map((transcript) => ({ ...transcript, stdout: collapseTable(transcript.stdout) }))
          : [left, right];
        expect.soft(shown[0], command).toEqual(shown[1]);
      }
    });
  });
}
