/** Options of the services for tests that are about one of them. */
import { WatchHub, type WatchedStore } from "@quorate/machine";
import type { ServiceOptions } from "../register-services.js";

/** A store of which watchers ask nothing but its revision, since nothing is ever committed to it. */
const STILL_STORE = { revision: 1, compactRevision: -1 } as unknown as WatchedStore;

export const TEST_SERVICE_OPTIONS: ServiceOptions = {
  txnOpsMax: 128,
  requestBytesMax: 1.5 * 1024 * 1024,
  electionTimeoutMs: 1000,
  leases: {
    renew: () => Promise.resolve({ ttl: 0n }),
    timeToLive: () => Promise.resolve(undefined),
    list: () => [],
    keyFrom: () => undefined,
  },
  watchProgressMs: 600_000,
  random: () => 0,
  watches: new WatchHub({
    store: STILL_STORE,
    scheduler: { soon: (task) => void setImmediate(task) },
    nowMs: () => performance.now(),
    onError: (error) => {
      throw error;
    },
  }),
  cluster: {
    changeMembership: () => Promise.resolve({ kind: "failed", failure: "stopped" }),
    moveLeader: () => Promise.resolve("not-leader"),
    downgrade: () => Promise.resolve({ version: "3.7" }),
  },
  snapshots: { openDatabase: () => Promise.reject(new Error("there is no database")) },
  createDigest: () => ({ update: () => undefined, finish: () => new Uint8Array(32) }),
  scheduler: {
    soon: (task) => void setImmediate(task),
    every: () => () => undefined,
    after: () => () => undefined,
    yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
  },
};
