import { afterAll, describe, expect, it } from "vitest";
import { sleep } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { findLoopbackPlaces } from "./place.js";
import { Relay } from "./relay.js";
import { runScenarios } from "./run-scenarios.js";
import type { Scenario } from "./scenario.js";
import { suiteSeed, suiteSize } from "./suite-size.js";
import { useFaultCluster } from "./use-fault-cluster.js";

const SIZE = 3;
/** Between continents, and with a jitter that lets heartbeats come in bunches; far below what followers wait for. */
const DELAY_MS = 80;
const JITTER_MS = 60;

const suite = "lines between members that take their time";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const relays: Relay[] = [];
  afterAll(() => {
    for (const relay of relays) relay.close();
  });
  const cluster = useFaultCluster(async () => {
    const places = await findLoopbackPlaces(SIZE);
    for (const { address, peerPort } of places) {
      relays.push(await Relay.open(address, { host: address, port: peerPort }));
    }
    const special = (place: number): { advertisedPeerUrl: string } => ({
      advertisedPeerUrl: `http://127.0.0.1:${relays[place]?.port}`,
    });
    return { kind: subjectKind, places, size: SIZE, special };
  });

  const linesSlow: Scenario = {
    title: "everything between members is late",
    provokesElection: false,
    needsNetwork: false,
    async round({ faultMs }) {
      setDelay(DELAY_MS, JITTER_MS);
      await sleep(2 * faultMs);
      setDelay(0, 0);
    },
  };

  /** What one member sends to another is late by a lot at first, and then is not. */
  const linesStall: Scenario = {
    title: "everything between members is held up for longer than followers wait",
    provokesElection: true,
    needsNetwork: false,
    async round({ faultMs }) {
      setDelay(faultMs, 0);
      await sleep(faultMs / 2);
      setDelay(0, 0);
      await sleep(faultMs);
    },
  };

  it("break no promise", async () => {
    const chosen = [linesSlow, linesStall];
    const verdict = await runScenarios({
      ...suiteSize,
      cluster: cluster(),
      scenarios: chosen,
      seed: suiteSeed,
    });
    expect(verdict).toBe("sound");
  });

  function setDelay(delayMs: number, jitterMs: number): void {
    for (const relay of relays) Object.assign(relay, { delayMs, jitterMs });
  }
});
