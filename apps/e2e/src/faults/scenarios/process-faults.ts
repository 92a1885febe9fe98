/** Processes that are killed, frozen and restarted. */
import { sleep } from "../../harness/member.js";
import { pickFollower } from "../scenario.js";
import type { Scenario } from "../scenario.js";

export const leaderKilled: Scenario = {
  title: "the leader is killed",
  provokesElection: true,
  needsNetwork: false,
  async round({ cluster, expectElectionFrom, faultMs }) {
    const leader = await cluster.leader();
    expectElectionFrom("the leader is killed");
    await leader.kill();
    await cluster.waitForOtherLeader(leader);
    await sleep(faultMs / 2);
    leader.start();
  },
};

export const followerKilled: Scenario = {
  title: "a follower is killed",
  provokesElection: false,
  needsNetwork: false,
  async round(stage) {
    const follower = await pickFollower(stage);
    await follower.kill();
    await sleep(stage.faultMs);
    follower.start();
  },
};

export const leaderFrozen: Scenario = {
  title: "the leader is frozen and goes on as if nothing had been",
  provokesElection: true,
  needsNetwork: false,
  async round({ cluster, faultMs }) {
    const leader = await cluster.leader();
    leader.pause();
    await cluster.waitForOtherLeader(leader);
    await sleep(faultMs / 2);
    leader.resume();
  },
};

export const followerFrozen: Scenario = {
  title: "a follower is frozen and goes on",
  provokesElection: false,
  needsNetwork: false,
  async round(stage) {
    const follower = await pickFollower(stage);
    follower.pause();
    await sleep(stage.faultMs);
    follower.resume();
  },
};

export const rollingRestart: Scenario = {
  title: "members are restarted in turn",
  provokesElection: true,
  needsNetwork: false,
  async round({ cluster }) {
    for (const member of cluster.members) {
      await member.stop();
      member.start();
      await cluster.waitUntilHealthy();
    }
  },
};
