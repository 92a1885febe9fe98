/** What the recipes' suites run on: clients of our own server and of etcd's. */
import { describe } from "vitest";
import type { Client } from "../client.js";
import { createClient } from "../node/create-client.js";
import { ETCD_BIN, hasProgram, startEtcdServer } from "./etcd-server.js";
import { startTestServer } from "./test-server.js";

export type BenchClient = Client;

export function openClient(...endpoints: string[]): Client {
  return createClient({ endpoints });
}

export interface Target {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** The suite once on each server; the one that is not installed is said to be missing. */
export function describeOnBoth(suite: (start: () => Promise<Target>) => void): void {
  describe("on Quorate", () => suite(startTestServer));
  describe.skipIf(!hasProgram(ETCD_BIN))("on etcd", () => suite(startEtcdServer));
}
