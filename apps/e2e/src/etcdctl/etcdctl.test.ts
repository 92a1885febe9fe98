import { describe, expect, it } from "vitest";
import { isOlder, readVersion } from "../harness/etcd-version.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { AUTH_SCRIPT, ENDPOINT_SCRIPT, LEASE_SCRIPT } from "./admin-script.js";
import { Etcdctl, collapseTable } from "./etcdctl.js";
import type { Step } from "./etcdctl.js";
import { COMPACTION_SCRIPT, KV_SCRIPT, TXN_SCRIPT } from "./kv-script.js";

const suite = "etcdctl prints the same about both servers";

describe.skipIf(missesPrograms(suite, [subjectKind, "etcd", "etcdctl"]))(suite, () => {
  describe.each<{ title: string; script: readonly Step[] }>([
    { title: "keys: put, get and del in every format", script: KV_SCRIPT },
    { title: "transactions read from standard input", script: TXN_SCRIPT },
    { title: "compaction", script: COMPACTION_SCRIPT },
    { title: "endpoints and members", script: ENDPOINT_SCRIPT },
    { title: "leases", script: LEASE_SCRIPT },
    { title: "users, roles and permissions", script: AUTH_SCRIPT },
  ])("$title", ({ script }) => {
    // Each script begins on an empty store, so that revisions in its output are the same each time.
    const subject = useMember({ kind: subjectKind });
    const reference = useMember({ kind: "etcd" });

    it(`in ${script.length} commands`, async () => {
      const [ours, theirs] = [new Etcdctl(subject().endpoint), new Etcdctl(reference().endpoint)];
      const version = await readVersion(reference());
      for (const step of script) {
        if (step.since !== undefined && isOlder(version, step.since)) continue;
        const [left, right] = await Promise.all([ours.run(step), theirs.run(step)]);
        const shown = step.args.includes("-w=table")
          ? [left, right].map((transcript) => ({ ...transcript, stdout: collapseTable(transcript.stdout) }))
          : [left, right];
        expect.soft(shown[0], `etcdctl ${step.args.join(" ")}`).toEqual(shown[1]);
      }
    });
  });
});
