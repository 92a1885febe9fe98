/** What other members ask of this one over the peer port. */
import type { PeerLocalPort } from "../peers/local-port.js";
import type { OpenMember } from "./open-member.js";

export function createPeerLocal({ facade, machine }: OpenMember): PeerLocalPort {
  return {
    memberId: facade.memberId,
    clusterId: facade.clusterId,
    serverVersion: facade.serverVersion,
    clusterVersion: () => machine.cluster.version,
    storageVersion: () => machine.cluster.version,
    members: () => facade.members(),
    promote: () => Promise.resolve({ kind: "failed", failure: "not-leader" }),
    leases: {
      renew: () => Promise.resolve("not-primary-lessor"),
      timeToLive: () => Promise.resolve("not-primary-lessor"),
    },
    get committedIndex() {
      return facade.committedIndex;
    },
    get appliedIndex() {
      return facade.appliedIndex;
    },
    hashKv: async (revision) => {
      const answer = await facade.storage.hashKv(revision);
      return typeof answer === "string" ? answer : { ...answer, revision: machine.store.revision };
    },
    downgradeEnabled: () => {
      return new Promise((resolve, reject) => {
        facade.awaitReadIndex({
          onReady: () => resolve(facade.downgrade.enabled),
          onFailed: (failure) => reject(new Error(typeof failure === "string" ? failure : failure.unknown)),
        });
      });
    },
  };
}
