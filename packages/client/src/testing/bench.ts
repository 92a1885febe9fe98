/** What the recipes' suites run on: clients of our own server and of etcd's. */
import { describe } from "vitest";
import { Recipes } from "../session/recipes.js";
import { DirectCalls } from "./direct-calls.js";
import { ETCD_BIN, hasProgram, startEtcdServer } from "./etcd-server.js";
import { startTestServer } from "./test-server.js";

export interface BenchClient extends Disposable {
  readonly recipes: Recipes;
  readonly calls: DirectCalls;
  close(): void;
}

export function openClient(...endpoints: string[]): BenchClient {
  const calls = new DirectCalls(...endpoints);
  const close = (): void => calls.close();
  return { calls, recipes: new Recipes(calls, calls), close, [Symbol.dispose]: close };
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
