import { create, mvccpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { Ledger } from "./ledger.js";

function pair(value: string, modRevision: number): mvccpb.KeyValue {
  return create(mvccpb.KeyValueSchema, { value: Buffer.from(value), modRevision: BigInt(modRevision) });
}

function ledgerWithAcknowledged(): Ledger {
  const ledger = new Ledger();
  ledger.begin("a", "old");
  ledger.acknowledge([{ key: "a", value: "old" }], 5);
  return ledger;
}

describe("the ledger", () => {
  it("accepts what was acknowledged, at its revision", () => {
    expect(ledgerWithAcknowledged().settle("a", pair("old", 5))).toBeUndefined();
  });

  it("notices a lost write, a changed value and a changed revision", () => {
    expect(ledgerWithAcknowledged().settle("a", undefined)).toContain("known is");
    expect(ledgerWithAcknowledged().settle("a", pair("new", 5))).toContain("known is");
    expect(ledgerWithAcknowledged().settle("a", pair("old", 6))).toContain("known is");
  });

  it("accepts both ends of an unanswered write, but only above what was acknowledged", () => {
    const ledger = ledgerWithAcknowledged();
    ledger.begin("a", "new");
    expect(ledger.settle("a", pair("old", 5))).toBeUndefined();
    ledger.begin("a", "new");
    expect(ledger.settle("a", pair("new", 4))).toContain("known is");
    expect(ledger.settle("a", pair("new", 6))).toBeUndefined();
    expect(ledger.settle("a", pair("old", 5))).toContain("known is");
  });

  it("notices a key that came back after its delete was acknowledged", () => {
    const ledger = ledgerWithAcknowledged();
    ledger.begin("a", undefined);
    ledger.acknowledge([{ key: "a", value: undefined }], 6);
    expect(ledger.settle("a", pair("old", 5))).toContain("known is");
    expect(ledger.settle("a", undefined)).toBeUndefined();
  });

  it("refuses a revision that two answers name", () => {
    const ledger = ledgerWithAcknowledged();
    ledger.begin("b", "x");
    expect(() => ledger.acknowledge([{ key: "b", value: "x" }], 5)).toThrow("acknowledged twice");
  });
});
