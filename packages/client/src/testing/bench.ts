/** What the recipes' suites run on: our own server and etcd's, over either transport. */
import { describe } from "vitest";
import type { Client } from "../client.js";
import { createClient, type TransportName } from "../node/create-client.js";
import { ETCD_BIN, hasProgram, startEtcdServer } from "./etcd-server.js";
import { startTestServer } from "./test-server.js";

export type BenchClient = Client;

/** The transports that each suite is held to. */
export const TRANSPORTS: readonly TransportName[] = ["grpc-js", "sockets"];

export type OpenClient = (...endpoints: string[]) => Client;

export function openClient(...endpoints: string[]): Client {
  return createClient({ endpoints });
}

export interface Target {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** The suite once on each server over each transport; the server that is not installed is said to be missing. */
export function describeOnBoth(suite: (start: () => Promise<Target>, openClient: OpenClient) => void): void {
  for (const transport of TRANSPORTS) {
    const open: OpenClient = (...endpoints) => createClient({ endpoints, transport });
    describe(`on Quorate over ${transport}`, () => suite(startTestServer, open));
    describe.skipIf(!hasProgram(ETCD_BIN))(`on etcd over ${transport}`, () => suite(startEtcdServer, open));
  }
}
