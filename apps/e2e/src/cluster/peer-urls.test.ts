/** Where members reach one another: several URLs of one, one host of several. Numbers are those of operations-situations.md. */
import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { findLoopbackPlaces } from "../faults/place.js";
import { findFreePort } from "../harness/free-port.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { prepareCluster } from "./use-cluster.js";

const { memberList } = etcdserverpb.Cluster.method;
const { put, range } = etcdserverpb.KV.method;
const KEY: Uint8Array = Buffer.from("reached");

const suite = "peer URLs";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["Cluster"]);

describe.skipIf(isLeftOut)(suite, () => {
  it("rule 18: members share a host; one listens at more URLs than it tells, one tells all of its, and of one's nobody is at the first", async () => {
    const places = await findLoopbackPlaces(3);
    const [own1 = "", own2 = "", own3 = ""] = places.map(({ peerPort }) => `http://127.0.0.1:${peerPort}`);
    const freeUrl = async (): Promise<string> => `http://127.0.0.1:${await findFreePort()}`;
    const [more1, more2, nobodys] = [await freeUrl(), await freeUrl(), await freeUrl()];
    const told = { m1: [own1], m2: [own2, more2], m3: [nobodys, own3] };
    const listened = { m1: [own1, more1], m2: [own2, more2], m3: [own3] };
    const names = ["m1", "m2", "m3"] as const;
    const cluster = await prepareCluster(
      names.map((name, i) => ({
        kind: subjectKind,
        name,
        ...(places[i] === undefined ? {} : { place: places[i] }),
        flags: [
          `--listen-peer-urls=${listened[name].join(",")}`,
          `--initial-advertise-peer-urls=${told[name].join(",")}`,
        ],
      })),
    );
    const initialCluster = names.flatMap((name) => told[name].map((url) => `${name}=${url}`)).join(",");
    for (const member of cluster.members) member.start({ initialCluster, state: "new" });
    await cluster.waitUntilHealthy();

    for (const url of Object.values(listened).flat())
      expect((await fetch(`${url}/version`)).status, url).toBe(200);
    // Each leads once, so that each is dialled by and dials both others.
    for (const member of cluster.members) {
      await cluster.lead(member);
      await member.client.demand(put, { key: KEY });
      await cluster.waitUntilHealthy();
    }
    for (const { client, name } of cluster.members) {
      const { kvs } = await client.demand(range, { key: KEY });
      expect(kvs[0]?.version, name).toBe(3n);
      const { members } = await client.demand(memberList, {});
      const known = Object.fromEntries(members.map((each) => [each.name, each.peerURLs.toSorted()]));
      expect(known, name).toEqual({
        m1: told.m1.toSorted(),
        m2: told.m2.toSorted(),
        m3: told.m3.toSorted(),
      });
    }
    cluster.expectNoDeaths();
  });
});
