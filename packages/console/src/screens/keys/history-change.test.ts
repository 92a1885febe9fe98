import { consolepb, create } from "@quorate/proto";
import { expect, test } from "vitest";
import { encodeUtf8 } from "../../text/escape.js";
import { describeChange } from "./history-change.js";

const state = (version: bigint, value: string, lease = 0n): consolepb.HistoryState =>
  create(consolepb.HistoryStateSchema, {
    revision: version,
    key: { version, value: encodeUtf8(value), lease },
  });

const { CREATED, COMPACTED } = consolepb.HistoryEnd;

test("each change says what it did", () => {
  const deleted = create(consolepb.HistoryStateSchema, { revision: 9n });
  expect(describeChange(deleted, state(1n, "a"), CREATED)).toEqual({ kind: "deleted", words: "Deleted" });
  expect(describeChange(state(1n, "ab"), undefined, CREATED)).toEqual({
    kind: "created",
    words: "Created",
    bytes: 2,
  });
  expect(describeChange(state(3n, "b"), state(2n, "a"), CREATED).words).toBe("Version 3");
  expect(describeChange(state(3n, "a"), state(2n, "a"), CREATED).words).toBe("Written again, the same");
  expect(describeChange(state(3n, "a", 7n), state(2n, "a"), CREATED).words).toBe("Only the lease changed");
  expect(describeChange(state(3n, "a"), undefined, COMPACTED).words).toBe("Oldest that is left");
});
