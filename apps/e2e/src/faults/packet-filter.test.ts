import { describe, expect, it } from "vitest";
import { formatPacketFilter } from "./packet-filter.js";

describe("packet filter", () => {
  it("passes everything when nothing is cut and nothing lost", () => {
    expect(formatPacketFilter({ cutAddresses: [], lossShare: 0 })).toBe("1,6 0 0 0");
  });

  it("drops what goes to an address that is cut off, and passes the rest", () => {
    const filter = formatPacketFilter({ cutAddresses: ["10.0.0.2", "10.0.1.3"], lossShare: 0 });
    expect(filter).toBe("6,32 0 0 30,21 0 1 167772162,6 0 0 2,21 0 1 167772419,6 0 0 2,6 0 0 0");
  });

  it("drops by chance below the share that is lost", () => {
    const filter = formatPacketFilter({ cutAddresses: [], lossShare: 0.25 });
    expect(filter).toBe("4,32 0 0 4294963256,53 1 0 1073741824,6 0 0 2,6 0 0 0");
  });

  it("refuses what is no address", () => {
    expect(() => formatPacketFilter({ cutAddresses: ["10.0.0.300"], lossShare: 0 })).toThrow(/no IPv4/);
  });
});
