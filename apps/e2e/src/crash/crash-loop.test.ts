import { etcdserverpb } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { describe, expect, it } from "vitest";
import { Member, sleep } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { WireClient } from "../harness/wire-client.js";
import { checkStore } from "./check-store.js";
import { Ledger } from "./ledger.js";
import { Writer } from "./writer.js";

const rounds = Number(process.env["E2E_CRASH_ROUNDS"] ?? 20);
const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);
const WRITER_COUNT = 8;
/** Writes that a round waits for, and for how long, before it kills. */
const ACKNOWLEDGED_MIN = 100;
const BUSY_MS_MAX = 10_000;
/** How much history stays when a round compacts. */
const KEPT_REVISIONS = 100;

const suite = "a member killed under load";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  it(`keeps every acknowledged write (${rounds} rounds, ${WRITER_COUNT} writers, seed ${seed})`, async () => {
    const prng = new Prng(seed);
    const ledger = new Ledger();
    const writers = Array.from({ length: WRITER_COUNT }, (_, place) => {
      return new Writer(`w${place}`, ledger, new Prng(prng.uint32()));
    });
    const member = await Member.start({ kind: subjectKind });
    let compacted = 0;
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const writing = writers.map((writer) => writer.writeUntilFailure(member.endpoint));
        await waitUntilBusy(ledger);
        await sleep(prng.below(200));
        if (prng.chance(0.3)) compacted = await compactBehind(member, ledger.revision, compacted);
        await member.kill();
        await Promise.all(writing);
        await member.restart();
        const client = new WireClient(member.endpoint);
        try {
          expect(await checkStore(client, ledger, compacted), `round ${round} of seed ${seed}`).toEqual([]);
        } finally {
          client.close();
        }
      }
      console.log(
        `${rounds} kills, ${ledger.acknowledgedCount} acknowledged writes, revision ${ledger.revision}`,
      );
      expect(ledger.acknowledgedCount).toBeGreaterThan(rounds);
    } catch (error) {
      member.keepLog();
      throw error;
    } finally {
      await member.dispose();
    }
  });
});

/** However slow the machine, each round has work to lose before it ends. */
async function waitUntilBusy(ledger: Ledger): Promise<void> {
  const target = ledger.acknowledgedCount + ACKNOWLEDGED_MIN;
  const deadline = performance.now() + BUSY_MS_MAX;
  while (ledger.acknowledgedCount < target && performance.now() < deadline) await sleep(5);
}

/** Compacts most of the history while the writers go on. @returns the revision compacted at. */
async function compactBehind(member: Member, revision: number, compacted: number): Promise<number> {
  const target = revision - KEPT_REVISIONS;
  if (target <= compacted) return compacted;
  const client = new WireClient(member.endpoint);
  try {
    await client.demand(etcdserverpb.KV.method.compact, { revision: BigInt(target) });
    return target;
  } finally {
    client.close();
  }
}
