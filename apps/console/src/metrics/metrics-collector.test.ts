import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { create, etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClusterCalls } from "../clusters/cluster-calls.js";
import { MemberDirectory } from "../clusters/member-directory.js";
import { MetricsCollector } from "./metrics-collector.js";

/** What stands for members: pages of metrics by path of the port, and a list that names them. */
const pages = new Map<string, () => { status: number; body: string }>();
const servers = ["a", "b"].map((name) => ({
  name,
  server: createServer((_, response) => {
    const { status, body } = pages.get(name)?.() ?? { status: 404, body: "" };
    response.writeHead(status).end(body);
  }),
}));

function directory(): MemberDirectory {
  const members = servers.map(({ name, server }, place) =>
    create(etcdserverpb.MemberSchema, {
      ID: BigInt(place + 1),
      name,
      clientURLs: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
    }),
  );
  const unstarted = create(etcdserverpb.MemberSchema, { ID: 255n });
  const list = create(etcdserverpb.MemberListResponseSchema, { members: [...members, unstarted] });
  const calls = { unary: () => Promise.resolve(list) } as unknown as ClusterCalls;
  return new MemberDirectory(calls, []);
}

describe("the collector of metrics", () => {
  beforeAll(async () => {
    for (const { server } of servers)
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => servers.forEach(({ server }) => server.close()));

  it("keeps what members say and why others say nothing, and is not stopped by them", async () => {
    let events = 0;
    const started = Date.now() / 1000 - 60;
    pages.set("a", () => {
      events += 1000;
      const body = `etcd_debugging_mvcc_keys_total 4\netcd_debugging_mvcc_events_total ${events}\nprocess_start_time_seconds ${started}\n`;
      return { status: 200, body };
    });
    pages.set("b", () => ({ status: 200, body: "<html>" }));
    const collector = new MetricsCollector({ directory: directory(), tls: undefined });
    await collector.look();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await collector.look();
    const { times, series } = collector.store.read(["keys", "events_per_second"], 0);
    expect(times).toHaveLength(2);
    expect(series).toEqual([
      { name: "events_per_second", member: "a", label: "", values: [NaN, expect.any(Number)] },
      { name: "keys", member: "a", label: "", values: [4, 4] },
    ]);
    expect(series[0]?.values[1]).toBeGreaterThan(0);
    expect(Object.fromEntries(collector.errors)).toEqual({
      b: "/metrics has none of the figures that the console knows",
      ff: "the member has not started yet",
    });
    expect(collector.uptimeSeconds(1n)).toBeGreaterThanOrEqual(60);
    expect(collector.uptimeSeconds(2n)).toBe(0);

    pages.set("b", () => ({ status: 404, body: "" }));
    pages.set("a", () => ({ status: 500, body: "" }));
    await collector.look();
    expect(collector.errors.get("a")).toBe("/metrics answered with status 500");
    expect(collector.uptimeSeconds(1n)).toBe(0);
    collector.stop();
  });
});
