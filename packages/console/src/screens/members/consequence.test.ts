import { describe, expect, it } from "vitest";
import { foresee } from "./consequence.js";
import type { Consequence, NamedSeat, Operation } from "./consequence.js";

/** `*` leader, `H` healthy voter, `d` voter that is down, `L` learner in step, `l` learner that is down; named m1, m2, ... */
function seats(picture: string, lag: Record<number, number> = {}): NamedSeat[] {
  return [...picture].map((letter, at) => ({
    id: BigInt(at + 1),
    name: `m${at + 1}`,
    learner: letter.toLowerCase() === "l",
    healthy: letter !== "d" && letter !== "l",
    leader: letter === "*",
    lagEntries: lag[at + 1],
  }));
}

function told(consequence: Consequence): string {
  return [consequence.headline, ...consequence.details, consequence.refusal ?? ""].join("\n");
}

describe("adding a voter", () => {
  it("to a single member stops writes until it has started, and is not refused", () => {
    const result = foresee({ kind: "add-voter" }, seats("*"));
    expect(result).toMatchObject({
      tone: "danger",
      headline: "Nothing can be written until the new member has started and caught up.",
      after: { voters: 2, healthy: 1, majority: 2, spare: -1 },
    });
    expect(result.refusal).toBeUndefined();
  });

  it("to three leaves one to fail, but no more tolerance than before", () => {
    const result = foresee({ kind: "add-voter" }, seats("*HH"));
    expect(result.tone).toBe("caution");
    expect(result.headline).toBe("Until the new member has started and caught up, no voter may fail.");
    expect(told(result)).toContain("the majority from 2 to 3");
    expect(told(result)).toContain("survives the loss of 1 voter, as now. An even number");
  });

  it("to four raises the tolerance", () => {
    const result = foresee({ kind: "add-voter" }, seats("*HHH"));
    expect(result.headline).toContain("one voter may fail");
    expect(told(result)).toContain("survives the loss of 2 voters: better than now");
  });

  it("while one of three is down is likely to be refused, because the newcomer would cost the majority", () => {
    const result = foresee({ kind: "add-voter" }, seats("*Hd"));
    expect(result.tone).toBe("danger");
    expect(result.refusal).toBe("Of the 4 voters there would be, 2 answer and 3 are needed.");
  });
});

describe("adding a learner", () => {
  it("changes no vote", () => {
    const result = foresee({ kind: "add-learner" }, seats("*HH"));
    expect(result).toMatchObject({ tone: "calm", before: { spare: 1 }, after: { spare: 1, voters: 3 } });
    expect(result.refusal).toBeUndefined();
  });

  it("cannot be agreed on without a majority", () => {
    expect(foresee({ kind: "add-learner" }, seats("Hdd")).refusal).toContain("Without a majority");
  });
});

describe("promoting a learner", () => {
  const promote: Operation = { kind: "promote", id: 4n };

  it("in step with two voters brings tolerance", () => {
    const result = foresee({ kind: "promote", id: 3n }, seats("*HL"), 1000);
    expect(result.tone).toBe("calm");
    expect(result.headline).toBe("m3 becomes a voter.");
    expect(told(result)).toContain("survives the loss of 1 voter: better than now");
    expect(result.refusal).toBeUndefined();
  });

  it("that does not answer is refused", () => {
    const result = foresee(promote, seats("*HHl"), 1000);
    expect(result.tone).toBe("caution");
    expect(result.refusal).toContain("m4 does not answer");
  });

  it.each([
    [100, undefined],
    [101, "m4 is too far behind the leader (101 of 1000 entries missing)."],
  ])("that lacks %i of 1000 entries: %s", (behind, refusal) => {
    expect(foresee(promote, seats("*HHL", { 4: behind }), 1000).refusal).toBe(refusal);
  });
});

describe("removing a member", () => {
  it("that is well from three leaves none to fail", () => {
    const result = foresee({ kind: "remove", id: 3n }, seats("*HH"));
    expect(result.tone).toBe("danger");
    expect(result.headline).toBe("Without m3, no voter may fail.");
    expect(told(result)).toContain("the majority stays 2");
    expect(told(result)).toContain("survives the loss of no voter: worse than now");
    expect(told(result)).toContain("must be added again with an empty data directory");
    expect(result.refusal).toBeUndefined();
  });

  it("that is down from three is allowed and changes nothing about who may fail", () => {
    const result = foresee({ kind: "remove", id: 3n }, seats("*Hd"));
    expect(result.headline).toBe("Without m3, no voter may fail: as now.");
    expect(told(result)).toContain("no vote that is there today is lost");
    expect(result.refusal).toBeUndefined();
  });

  it("that is down from four makes the rest safer", () => {
    expect(foresee({ kind: "remove", id: 4n }, seats("*HHd")).headline).toBe(
      "Without m4, one voter may fail: more than now.",
    );
  });

  it("that is well while another is down breaks the majority and is refused", () => {
    const result = foresee({ kind: "remove", id: 2n }, seats("*Hd"));
    expect(result.headline).toContain("are no majority");
    expect(result.refusal).toBe("Of the 2 voters there would be, 1 answers and 2 are needed.");
  });

  it("that leads tells of the election", () => {
    expect(told(foresee({ kind: "remove", id: 1n }, seats("*HH")))).toContain(
      "m1 is the leader: writes wait",
    );
  });

  it("that is a learner takes no vote away", () => {
    expect(foresee({ kind: "remove", id: 4n }, seats("*HHL"))).toMatchObject({
      tone: "caution",
      before: { spare: 1 },
      after: { spare: 1 },
    });
  });

  it("that is the last voter is impossible", () => {
    expect(foresee({ kind: "remove", id: 1n }, seats("*L")).refusal).toBe(
      "The last voter cannot be removed.",
    );
  });

  it("needs a majority", () => {
    expect(foresee({ kind: "remove", id: 3n }, seats("Hdd")).refusal).toContain("Without a majority");
  });
});

describe("moving the leader", () => {
  it("to a voter that answers changes no arithmetic", () => {
    const result = foresee({ kind: "move-leader", to: 2n }, seats("*HH"));
    expect(result.tone).toBe("calm");
    expect(result.refusal).toBeUndefined();
    expect(result.headline).toContain("Leadership goes to m2");
  });

  it.each([
    ["*HHL", 4n, "only voters lead"],
    ["*Hd", 3n, "does not answer"],
    ["*HH", 1n, "is the leader already"],
  ])("in %s to %s is refused", (picture, to, why) => {
    expect(foresee({ kind: "move-leader", to }, seats(picture)).refusal).toContain(why);
  });
});
