/** Packets that are lost: all of them in both directions, in one direction, or some by chance. */
import { sleep } from "../../harness/member.js";
import type { Network } from "../network.js";
import { demandNetwork, pickFollower } from "../scenario.js";
import type { Scenario, Stage } from "../scenario.js";

/** Enough to hit every connection again and again; not so much that TCP gives up on them. */
const LOSS_SHARE = 0.05;

type Cut = (network: Network, place: number) => Promise<void>;
const isolate: Cut = (network, place) => network.isolate(place);
const mute: Cut = (network, place) => network.mute(place);
const deafen: Cut = (network, place) => network.deafen(place);

/** The leader keeps running and may not notice at once: what it tells its clients meanwhile is what is put to the test. */
function ofLeader(title: string, cut: Cut): Scenario {
  return {
    title,
    provokesElection: true,
    needsNetwork: true,
    async round(stage: Stage) {
      const { cluster, faultMs } = stage;
      const leader = await cluster.leader();
      await cut(demandNetwork(stage), cluster.placeOf(leader));
      await cluster.waitForOtherLeader(leader);
      await sleep(faultMs / 2);
      await demandNetwork(stage).heal();
    },
  };
}

/** Must not cost the others their leader, neither while it lasts nor when the follower is back. */
function ofFollower(title: string, cut: Cut): Scenario {
  return {
    title,
    provokesElection: false,
    needsNetwork: true,
    async round(stage: Stage) {
      const follower = await pickFollower(stage);
      await cut(demandNetwork(stage), stage.cluster.placeOf(follower));
      await sleep(stage.faultMs);
      await demandNetwork(stage).heal();
    },
  };
}

export const leaderIsolated: Scenario = ofLeader("the leader is cut off from the others", isolate);
export const leaderMute: Scenario = ofLeader("nobody hears the leader, which hears everybody", mute);
export const leaderDeaf: Scenario = ofLeader("the leader hears nobody, and is heard", deafen);
export const followerIsolated: Scenario = ofFollower("a follower is cut off from the others", isolate);
export const followerMute: Scenario = ofFollower("nobody hears a follower, which hears everybody", mute);
export const followerDeaf: Scenario = ofFollower("a follower hears nobody, and is heard", deafen);

export const packetsLost: Scenario = {
  title: "packets are lost by chance, everywhere",
  // Three losses in a row hold a connection up for longer than followers wait.
  provokesElection: true,
  needsNetwork: true,
  async round(stage) {
    const network = demandNetwork(stage);
    for (const place of network.places.keys()) await network.lose(place, LOSS_SHARE);
    await sleep(2 * stage.faultMs);
    await network.heal();
  },
};
