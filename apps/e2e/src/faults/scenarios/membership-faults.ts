/** Members that come and go while clients write. */
import { sleep } from "../../harness/member.js";
import { pickFollower } from "../scenario.js";
import type { Scenario } from "../scenario.js";

/** Who leads may change when a member goes, so terms are not looked at. */
export const membershipChurn: Scenario = {
  title: "a member is added, promoted and removed, and another replaced by an empty one",
  provokesElection: true,
  needsNetwork: false,
  async round(stage) {
    const { cluster, faultMs } = stage;
    const added = await cluster.addLearner(cluster.members.length);
    await cluster.promote(added);
    await cluster.waitUntilHealthy();
    await sleep(faultMs / 4);
    await cluster.remove(added);
    await cluster.waitUntilHealthy();

    const replaced = await pickFollower(stage);
    const place = cluster.placeOf(replaced);
    await cluster.remove(replaced);
    await sleep(faultMs / 4);
    await cluster.promote(await cluster.addLearner(place));
  },
};
