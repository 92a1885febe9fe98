import { create, etcdserverpb } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { describe, expect, it } from "vitest";
import { readVersion } from "../harness/etcd-version.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { Generator } from "./generator.js";
import { Lockstep } from "./lockstep.js";

const operationCount = Number(process.env["E2E_DIFFERENTIAL_OPERATIONS"] ?? 10_000);
const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);
const FINDINGS_MAX = 10;

const suite = "the key-value store, side by side with etcd";

describe.skipIf(missesPrograms(suite, [subjectKind, "etcd"]))(suite, () => {
  const subject = useMember({ kind: subjectKind });
  const reference = useMember({ kind: "etcd" });

  it(`answers ${operationCount} random operations as etcd does (seed ${seed})`, async () => {
    const versions = {
      subject: await readVersion(subject()),
      reference: await readVersion(reference()),
    };
    const lockstep = new Lockstep(subject(), reference(), versions);
    try {
      const generator = new Generator(new Prng(seed));
      for (let step = 0; step < operationCount && lockstep.findings.length < FINDINGS_MAX; step += 1) {
        await lockstep.run(generator.next(lockstep.view));
      }
      await runEpilogue(lockstep);
      console.log(`seed ${seed}\n${lockstep.tally.describe()}`);
      expect(lockstep.findings, `replay with E2E_SEED=${seed}`).toEqual([]);
    } finally {
      lockstep.close();
    }
  });
});

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
