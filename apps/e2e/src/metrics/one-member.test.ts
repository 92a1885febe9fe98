import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { sleep } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { frameMessage, openCall, openSession } from "../harness/raw-connection.js";
import { useMember } from "../harness/use-member.js";
import { pathOf, WireClient } from "../harness/wire-client.js";
import { LOADS, watchRequest } from "./loads.js";
import { scrape, unmoved } from "./scrape.js";
import { ALERTS } from "./alerts.js";

const suite = "metrics of one member under load";
const { put } = etcdserverpb.KV.method;

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const member = useMember({
    kind: subjectKind,
    flags: [
      "--metrics=extensive",
      "--watch-progress-notify-interval=500ms",
      // So that everything is slow.
      "--warning-apply-duration=1ns",
    ],
  });

  it.each(LOADS)("$what move what tells of them", async ({ run, moves, movesBy = {} }) => {
    const client = new WireClient(member().endpoint);
    try {
      const before = await scrape(member().endpoint);
      await run(client, member());
      const after = await scrape(member().endpoint);
      expect(unmoved(moves, before, after)).toEqual([]);
      const moved = Object.keys(movesBy).map((series) => [
        series,
        after.value(series) - before.value(series),
      ]);
      expect(Object.fromEntries(moved)).toEqual(movesBy);
    } finally {
      client.close();
    }
  });

  it("slow applications are counted", async () => {
    const { endpoint } = member();
    expect((await scrape(endpoint)).value("etcd_server_slow_apply_total")).toBeGreaterThan(0);
  });

  it("watchers and leases that are there show, and those that are gone do not", async () => {
    const { endpoint } = member();
    const client = new WireClient(endpoint);
    const gauges = ["etcd_debugging_mvcc_watch_stream_total", "etcd_debugging_mvcc_watcher_total"];
    const read = async (): Promise<number[]> => {
      const now = await scrape(endpoint);
      return gauges.map((gauge) => now.value(gauge));
    };
    const before = await read();
    const stream = client.openBidiStream(pathOf(etcdserverpb.Watch.method.watch));
    stream.on("error", () => undefined);
    stream.write(watchRequest({ key: Buffer.from("a") }));
    stream.write(watchRequest({ key: Buffer.from("b") }));
    await expect.poll(read).toEqual(before.map((count, i) => count + [1, 2][i]!));
    stream.cancel();
    await expect.poll(read).toEqual(before);
    client.close();
  });

  it("a watcher that reads nothing is slow", { timeout: 120_000 }, async () => {
    const { endpoint } = member();
    const session = openSession(endpoint);
    const writer = new WireClient(endpoint);
    const call = openCall(session, pathOf(etcdserverpb.Watch.method.watch));
    call.on("error", () => undefined);
    call.write(frameMessage(watchRequest({ key: Buffer.from("slow") })));
    await sleep(200);
    const value = Buffer.alloc(32_768, "v");
    const isSlow = async (): Promise<boolean> =>
      (await scrape(endpoint)).value("etcd_debugging_mvcc_slow_watcher_total") > 0;
    for (let round = 0; round < 40 && !(await isSlow()); round++)
      for (let i = 0; i < 25; i++) await writer.demand(put, { key: Buffer.from("slow"), value });
    expect(await isSlow()).toBe(true);
    session.destroy();
    await expect.poll(isSlow).toBe(false);
    writer.close();
  });

  it.each(ALERTS.filter(({ needs }) => needs === "one member"))(
    "$alert finds its series",
    async ({ expects }) => {
      const now = await scrape(member().endpoint);
      expect(expects.filter((series) => now.select(series).length === 0)).toEqual([]);
    },
  );
});
