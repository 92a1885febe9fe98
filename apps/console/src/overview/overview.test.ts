import { Code, ConnectError } from "@connectrpc/connect";
import { consolepb, create, etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { useConsole } from "../testing/use-console.js";
import { describeOverview } from "./describe-overview.js";
import { describeSilence } from "./describe-silence.js";
import { OverviewFeed } from "./overview-feed.js";
import { readAlarms } from "./read-alarms.js";

const app = useConsole();

describe("the overview of a cluster", () => {
  it("has every member as it answers for itself", async () => {
    const overview = await app.console.getOverview({});
    const [member] = overview.members;
    expect(overview).toMatchObject({ hasQuorum: true, error: "", alarms: [] });
    expect(overview.members).toHaveLength(1);
    expect(overview.leaderId).toBe(member?.member?.ID);
    expect(member?.status?.header?.memberId).toBe(member?.member?.ID);
    expect(member?.latencyMs).toBeGreaterThan(0);
  });

  // Last of those with a member, because the member is gone then.
  it("is told again when a member goes away", async () => {
    const stream = app.console.watchOverview({})[Symbol.asyncIterator]();
    const until = async (isIt: (overview: consolepb.GetOverviewResponse) => boolean): Promise<void> => {
      for (;;) {
        const { value, done } = await stream.next();
        if (done === true) throw new Error("the stream ended");
        if (isIt(value)) return;
      }
    };
    await until(({ hasQuorum, members }) => hasQuorum && members[0]?.error === "");
    await app.member.stop();
    await until(({ members }) => members.some(({ error, status }) => error !== "" && status === undefined));
    await until(({ hasQuorum, error }) => !hasQuorum && error !== "");
    await stream.return?.();
    expect((await app.console.getOverview({})).members).toHaveLength(1);
  });
});

describe("the feed of overviews", () => {
  const overview = (revision: bigint) => create(consolepb.GetOverviewResponseSchema, { revision });

  it("looks once for all who ask at a time", async () => {
    let looks = 0;
    const feed = new OverviewFeed(async () => {
      looks += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return overview(BigInt(looks));
    });
    const answers = await Promise.all([feed.read(), feed.read(), feed.read()]);
    expect([looks, ...answers.map(({ revision }) => revision)]).toEqual([1, 1n, 1n, 1n]);
  });

  it("looks again after a failure, and stops with its signal", async () => {
    let looks = 0;
    const feed = new OverviewFeed(() => {
      looks += 1;
      return looks === 1 ? Promise.reject(new Error("down")) : Promise.resolve(overview(7n));
    });
    await expect(feed.read()).rejects.toThrow("down");
    const stop = new AbortController();
    const seen: bigint[] = [];
    for await (const { revision } of feed.watch(stop.signal)) {
      seen.push(revision);
      stop.abort();
    }
    expect(seen).toEqual([7n]);
  });
});

describe("what counts as a change", () => {
  const member = create(consolepb.MemberOverviewSchema, {
    member: create(etcdserverpb.MemberSchema, { ID: 1n, name: "m1" }),
    status: create(etcdserverpb.StatusResponseSchema, { raftTerm: 2n, raftIndex: 10n }),
    latencyMs: 1,
  });
  const base = create(consolepb.GetOverviewResponseSchema, { members: [member], revision: 5n });

  it("is not a figure that always moves", () => {
    const status = create(etcdserverpb.StatusResponseSchema, { raftTerm: 2n, raftIndex: 99n });
    const moved = { ...base, revision: 9n, members: [{ ...member, latencyMs: 7, status }] };
    expect(describeOverview(moved)).toBe(describeOverview(base));
  });

  it("is a new term, an error, a lost quorum", () => {
    const status = create(etcdserverpb.StatusResponseSchema, { raftTerm: 3n, raftIndex: 10n });
    const all = [
      base,
      { ...base, members: [{ ...member, status }] },
      { ...base, members: [{ ...member, error: "gone" }] },
      { ...base, hasQuorum: true },
    ];
    expect(new Set(all.map(describeOverview)).size).toBe(all.length);
  });
});

describe("silence", () => {
  it.each([
    [
      Code.Unavailable,
      "Last error: Error: connect ECONNREFUSED 1.2.3.4:1. Resolution note: ",
      "Nothing listens at x.",
    ],
    [Code.Unavailable, "Name resolution failed for target dns:nowhere:1", "There is no such host: x."],
    [Code.DeadlineExceeded, "the time for the call is up", "No answer from x in time."],
    [
      Code.Unavailable,
      "No connection established. Last error: Error: self-signed certificate. Resolution note: ",
      "TLS with x failed: self-signed certificate.",
    ],
    [Code.Unavailable, "etcdserver: no leader", "etcdserver: no leader"],
  ])("%s, %s: %s", (code, said, expected) => {
    expect(describeSilence(new ConnectError(said, code), "x")).toBe(expected);
  });
});

describe("alarms", () => {
  it("are read from what members say, each once", () => {
    const { NOSPACE, CORRUPT } = etcdserverpb.AlarmType;
    const errors = [
      "etcdserver: no leader",
      "memberID:12649983060765678426 alarm:NOSPACE ",
      "memberID:12649983060765678426 alarm:NOSPACE ",
      "memberID:3 alarm:CORRUPT ",
      "memberID:x alarm:NOSPACE",
    ];
    expect(readAlarms(errors).map(({ memberID, alarm }) => [memberID, alarm])).toEqual([
      [12649983060765678426n, NOSPACE],
      [3n, CORRUPT],
    ]);
  });
});
