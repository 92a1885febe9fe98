import { describe, expect, it } from "vitest";
import { CLIENT_METHODS } from "./client-methods.js";
import { lacksOffers, offers } from "./offers.js";
import { missesPrograms, subjectKind } from "./programs.js";

/** What works today. Services join this list when they are built, so that none can leave unnoticed and be skipped. */
const PROMISED: readonly string[] = [
  "KV",
  "Watch",
  "Lease",
  "Lock",
  "Election",
  "Maintenance",
  "Cluster",
  "Auth",
];

const suite = "what the server offers";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  // Older releases of etcd have no RangeStream, and no promise was made for them.
  it.skipIf(subjectKind !== "quorate" && lacksOffers("what Quorate promises", PROMISED))(
    "is at least what was promised",
    () => {
      expect(PROMISED.filter((name) => !offers([name]))).toEqual([]);
    },
  );

  it("is asked for by names that exist", () => {
    expect(CLIENT_METHODS.map(({ name }) => name)).toContain("Lease.LeaseGrant");
    expect(() => offers(["Leases"])).toThrow("etcd has no Leases");
  });
});
