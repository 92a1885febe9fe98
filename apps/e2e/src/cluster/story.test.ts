import { describe, expect, it, onTestFinished } from "vitest";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import type { ServerKind } from "../harness/programs.js";
import type { Transcript } from "./mask.js";
import { FOUNDERS, tellOfRestored, tellOfSnapshots, tellStory } from "./story.js";
import { Teller } from "./teller.js";
import { prepareCluster, startCluster } from "./use-cluster.js";

const suite = "the life of a cluster, told with etcdctl";
const isLeftOut =
  missesPrograms(suite, [subjectKind, "etcd", "etcdctl"]) ||
  lacksOffers(suite, ["Cluster", "Maintenance.MoveLeader", "Maintenance.Snapshot"]);

describe.skipIf(isLeftOut)(suite, () => {
  it("prints the same as etcd's, and loses nothing", async () => {
    const [ours, theirs] = await Promise.all([tell(subjectKind), tell("etcd")]);
    expect(ours.map(({ step }) => step)).toEqual(theirs.map(({ step }) => step));
    for (const [place, transcript] of ours.entries()) {
      expect.soft(transcript, transcript.step).toEqual(theirs[place]);
    }
  });
});

/** @returns everything etcdctl printed, from the first start to the cluster that was restored from a snapshot. */
async function tell(kind: ServerKind): Promise<readonly Transcript[]> {
  const plans = FOUNDERS.map((name) => ({ kind, name }));
  const first = tellerOf(kind, await startCluster(plans));
  await tellStory(first);
  await expectOneHash(first);

  const restored = await prepareCluster(plans);
  await tellOfSnapshots(first, restored);
  await restored.start();
  const second = tellerOf(kind, restored);
  await tellOfRestored(second);
  await expectOneHash(second);
  return [...first.transcripts, ...second.transcripts];
}

function tellerOf(...parts: ConstructorParameters<typeof Teller>): Teller {
  const teller = new Teller(...parts);
  onTestFinished(() => teller.dispose());
  return teller;
}

async function expectOneHash({ cluster }: Teller): Promise<void> {
  const hashes = await cluster.readHashes();
  for (const hash of hashes) expect(hash).toEqual({ ...hashes[0], name: hash.name });
  cluster.expectNoDeaths();
}
