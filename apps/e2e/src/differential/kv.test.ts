import { create, etcdserverpb } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { describe, expect, it } from "vitest";
import { readVersion } from "../harness/etcd-version.js";
import { offers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { Generator } from "./generator.js";
import { Lockstep } from "./lockstep.js";

const operationCount = Number(process.env["E2E_DIFFERENTIAL_OPERATIONS"] ?? 10_000);
const seeds = chooseSeeds();
const FINDINGS_MAX = 10;

const suite = "the key-value store, side by side with etcd";
const grantsLeases = offers(["Lease.LeaseGrant", "Lease.LeaseRevoke"]);
if (!grantsLeases) {
  console.warn(`left out: ${suite}: grants and revocations of leases: the server does not offer Lease`);
}

// Each seed has servers of its own, so that its run can be repeated alone.
for (const seed of seeds) {
  describe.skipIf(missesPrograms(suite, [subjectKind, "etcd"]))(`${suite}, seed ${seed}`, () => {
    const subject = useMember({ kind: subjectKind });
    const reference = useMember({ kind: "etcd" });

    it(`answers ${operationCount} random operations as etcd does`, async () => {
      const versions = {
        subject: await readVersion(subject()),
        reference: await readVersion(reference()),
      };
      const lockstep = new Lockstep(subject(), reference(), versions);
      try {
        const generator = new Generator(new Prng(seed), { grantsLeases });
        for (let step = 0; step < operationCount && lockstep.findings.length < FINDINGS_MAX; step += 1) {
          await lockstep.run(generator.next(lockstep.view));
        }
        await runEpilogue(lockstep);
        console.log(`etcd ${versions.reference}, seed ${seed}\n${lockstep.tally.describe()}`);
        expect(lockstep.findings, `replay with E2E_SEED=${seed}`).toEqual([]);
      } finally {
        lockstep.close();
      }
    });
  });
}

/** One that is always the same, so that two runs can be compared, and one that no run had before. */
function chooseSeeds(): readonly number[] {
  const named = process.env["E2E_SEED"];
  return named === undefined ? [1, Date.now() % 1_000_000] : [Number(named)];
}

/** The whole store and its hash, with history and again after everything old is compacted away. */
async function runEpilogue(lockstep: Lockstep): Promise<void> {
  const everything = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) };
  await lockstep.run({ kind: "range", request: create(etcdserverpb.RangeRequestSchema, everything) });
  await lockstep.run({ kind: "hash-kv", request: create(etcdserverpb.HashKVRequestSchema) });
  // Compacting at a put leaves no tombstone at the compaction's own revision, which older releases forget.
  const key = Uint8Array.of(1);
  await lockstep.run({ kind: "put", request: create(etcdserverpb.PutRequestSchema, { key }) });
  const revision = BigInt(lockstep.view.revision);
  const compaction = create(etcdserverpb.CompactionRequestSchema, { revision, physical: true });
  await lockstep.run({ kind: "compact", request: compaction });
  await lockstep.run({ kind: "hash-kv", request: create(etcdserverpb.HashKVRequestSchema) });
  await lockstep.run({ kind: "range", request: create(etcdserverpb.RangeRequestSchema, everything) });
}
