import { describe, expect, test } from "vitest";
import { OperationalError, toOperationalError } from "./errors.js";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: something`), { code });
}

describe("what storage says of a failure", () => {
  test.each([
    [systemError("ENOSPC"), "no-space"],
    [systemError("EDQUOT"), "no-space"],
    [systemError("ENOENT"), "missing"],
    [systemError("EIO"), "io"],
    [
      new Error("Batch was not applied", { cause: new Error("IO error: No space left on device: x.sst") }),
      "no-space",
    ],
    [new Error("outer", { cause: systemError("ENOSPC") }), "no-space"],
    [new Error("block checksum mismatch: stored = 1, computed = 2, in x.sst offset 3 size 4"), "corrupt"],
    [new Error("Corrupt or unsupported format_version: 65542 in x.sst"), "corrupt"],
    ["a string", "io"],
  ])("%s is %s", (error, code) => {
    expect(toOperationalError(error, "writing").code).toBe(code);
  });

  test("the cause is told with the message", () => {
    const cause = new Error("IO error: broken pipe");
    expect(
      toOperationalError(new Error("Batch was not applied", { cause }), "writing to the database").message,
    ).toBe("writing to the database: Batch was not applied: IO error: broken pipe");
    expect(
      toOperationalError(new AggregateError([null, cause], "Batch was not applied"), "reading").message,
    ).toBe("reading: Batch was not applied: IO error: broken pipe");
  });

  test("a failure that is told already stays as it is", () => {
    const error = new OperationalError("locked", "held");
    expect(toOperationalError(error, "opening")).toBe(error);
  });
});
