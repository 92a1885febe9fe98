import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ERRORS, findErrorByMessage } from "./error-catalogue.js";
import type { ErrorEntry, ErrorName } from "./error-catalogue.js";
import { GrpcStatus, grpcStatusName } from "./grpc-status.js";

const PAGE = new URL("../../../docs/reference/errors.md", import.meta.url);
const entries = Object.entries(ERRORS) as [ErrorName, ErrorEntry][];

describe("the error catalogue", () => {
  it("has each text once, so that a text tells the error", () => {
    for (const [name, entry] of entries) expect(findErrorByMessage(entry.message)).toBe(name);
    expect(findErrorByMessage("etcdserver: no such error")).toBeUndefined();
  });

  it("sends another code than the fitting one only where clients are used to it", () => {
    const odd = entries.filter(([, entry]) => entry.code !== entry.wireCode).map(([name]) => name);
    expect(odd).toEqual(["member-not-enough-started", "too-many-requests"]);
  });

  it("never allows a write to be repeated after a timeout", () => {
    const timeouts = entries.filter(([, entry]) => entry.message.includes("timed out"));
    expect(timeouts.length).toBe(5);
    for (const [, entry] of timeouts) expect(entry.retry).toBe("read");
  });

  it("uses Unavailable only for what passes by itself, because clients retry on it", () => {
    for (const [name, entry] of entries) {
      if (entry.wireCode === GrpcStatus.Unavailable) expect(entry.retry, name).not.toBe("none");
    }
  });

  it("is the table of the documentation page, row for row", () => {
    const ours = entries.map(([name, entry]) =>
      [
        `\`${name}\``,
        grpcStatusName(entry.code),
        grpcStatusName(entry.wireCode),
        `\`${entry.message}\``,
        entry.recognised ? "yes" : "no",
        entry.retry,
      ].join(" | "),
    );
    expect(documentedRows()).toEqual(ours);
  });
});

describe("gRPC status codes", () => {
  it("have the numbers 0 to 16 and a name each", () => {
    expect(Object.values(GrpcStatus)).toEqual(Array.from({ length: 17 }, (_, code) => code));
    expect(grpcStatusName(14)).toBe("Unavailable");
    expect(grpcStatusName(17)).toBeUndefined();
    expect(grpcStatusName(-1)).toBeUndefined();
  });
});

/** The table of the page without its last column, which is prose. */
function documentedRows(): string[] {
  return readFileSync(PAGE, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(" | ").slice(0, -1).join(" | ").replace(/^\| /, ""));
}
