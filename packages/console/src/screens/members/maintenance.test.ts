import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { alarmName, foreseeCompact, foreseeDefragment, foreseeDisarm } from "./maintenance.js";
import type { NamedSeat } from "./consequence.js";

const { AlarmType } = etcdserverpb;

function seat(id: bigint, more: Partial<NamedSeat> = {}): NamedSeat {
  return { id, name: `m${id}`, learner: false, healthy: true, leader: false, ...more };
}

describe("defragmenting", () => {
  it("a follower of three leaves no voter to fail", () => {
    const three = [seat(1n, { leader: true }), seat(2n), seat(3n)];
    const result = foreseeDefragment(three, seat(2n));
    expect(result.tone).toBe("caution");
    expect(result.headline).toBe("While m2 is busy, the others are a majority and no other voter may fail.");
  });

  it("a follower of five leaves one to fail", () => {
    const five = [seat(1n, { leader: true }), seat(2n), seat(3n), seat(4n), seat(5n)];
    expect(foreseeDefragment(five, seat(2n)).headline).toContain("one more may fail");
  });

  it("a vote that is needed stops writes", () => {
    const result = foreseeDefragment([seat(1n), seat(2n), seat(3n, { healthy: false })], seat(2n));
    expect(result).toMatchObject({ tone: "danger" });
    expect(result.headline).toContain("nothing may be written");
  });

  it("the leader suggests to move it", () => {
    const leader = seat(1n, { leader: true });
    expect(foreseeDefragment([leader, seat(2n), seat(3n)], leader).details[0]).toContain(
      "moving the leader first",
    );
  });

  it("the only voter and a learner are told apart", () => {
    expect(foreseeDefragment([seat(1n)], seat(1n)).headline).toContain("only voter");
    const learner = seat(2n, { learner: true });
    expect(foreseeDefragment([seat(1n), learner], learner).tone).toBe("calm");
  });

  it("a silent member cannot be done", () => {
    const silent = seat(2n, { healthy: false });
    expect(foreseeDefragment([seat(1n), silent], silent).refusal).toBe("m2 does not answer.");
  });
});

describe("compacting", () => {
  it.each([
    [100n, 100n, "Only the newest revision stays readable."],
    [91n, 100n, "The newest 10 revisions stay readable, everything older is forgotten."],
  ])("at %s of %s", (at, current, headline) => {
    expect(foreseeCompact(at, current)).toMatchObject({ tone: "danger", headline });
  });

  it("ahead of the store or at nothing is refused", () => {
    expect(foreseeCompact(101n, 100n).refusal).toBe("The newest revision is 100.");
    expect(foreseeCompact(0n, 100n).refusal).toBe("Not a revision.");
  });
});

describe("disarming", () => {
  it("for space warns while the store is over its quota", () => {
    expect(foreseeDisarm(AlarmType.NOSPACE, true)).toMatchObject({ tone: "caution" });
    expect(foreseeDisarm(AlarmType.NOSPACE, true).details[0]).toContain("Compact and defragment first");
    expect(foreseeDisarm(AlarmType.NOSPACE, false)).toMatchObject({ tone: "calm" });
  });

  it("for corruption is dangerous", () => {
    expect(foreseeDisarm(AlarmType.CORRUPT, false)).toMatchObject({ tone: "danger" });
  });

  it("names alarms, also unknown ones", () => {
    expect(
      [AlarmType.NOSPACE, AlarmType.CORRUPT, 7 as etcdserverpb.AlarmType].map((alarm) => alarmName(alarm)),
    ).toEqual(["No space", "Corrupt", "Alarm 7"]);
  });
});
