import { expect, test } from "vitest";
import { checkPermissions } from "./check-permissions.js";
import { Timeline, type Access, type UserOperation } from "./permission-history.js";

const ON = { value: true, outcome: "ok", startMs: 0, endMs: 10 } as const;

function access(...changes: Timeline<Access>["changes"]): Timeline<Access> {
  const timeline = new Timeline<Access>("none");
  timeline.changes.push(...changes);
  return timeline;
}

/** Reading is allowed from 100 to 200. */
const GRANTED = access(
  { value: "read", outcome: "ok", startMs: 100, endMs: 110 },
  { value: "none", outcome: "ok", startMs: 200, endMs: 210 },
);

function check(operations: UserOperation[], timeline: Timeline<Access> = GRANTED): string[] {
  const isEnabled = new Timeline(false);
  isEnabled.changes.push(ON);
  return checkPermissions({ isEnabled, access: new Map([["ada k", timeline]]), operations });
}

const operation = (startMs: number, parts: Partial<UserOperation> = {}): UserOperation => ({
  user: "ada",
  key: "k",
  kind: "read",
  value: undefined,
  outcome: "ok",
  startMs,
  endMs: startMs + 5,
  ...parts,
});

test("what is allowed is done, what is forbidden is denied", () => {
  const denied = { outcome: "denied" } as const;
  const all = [
    operation(50, denied),
    operation(105),
    operation(105, denied),
    operation(150),
    operation(205),
    operation(300, denied),
  ];
  expect(check(all)).toEqual([]);
  expect(
    check([
      operation(2),
      operation(150, { ...denied, kind: "write", value: "1" }),
      operation(50, { ...denied, user: "" }),
    ]),
  ).toEqual([]);
});

test.each([
  ["a read before the permission", operation(50), /was ok/],
  ["a read after it was taken away", operation(220), /was ok/],
  ["a write with the permission to read", operation(150, { kind: "write", value: "1" }), /was ok/],
  ["anybody without a token", operation(150, { user: "" }), /^somebody without a token/],
  ["a read that is denied in spite of the permission", operation(150, { outcome: "denied" }), /was denied/],
])("%s", (_, broken, expected) => {
  expect(check([broken])[0]).toMatch(expected);
});

test("what was denied is not there", () => {
  const denied = operation(150, { kind: "write", value: "1", outcome: "denied" });
  expect(check([denied, operation(160, { value: "1" })])[0]).toMatch(
    /read k 1 was ok .* of which: user ada: write k 1 was denied/,
  );
  expect(check([operation(160, { value: "7" })])[0]).toMatch(/nobody wrote/);
});

test("a change whose fate is unknown may count at any later time", () => {
  const uncertain = access(
    { value: "read", outcome: "unknown", startMs: 100, endMs: 110 },
    { value: "none", outcome: "ok", startMs: 200, endMs: 210 },
  );
  expect(
    check(
      [
        operation(50, { outcome: "denied" }),
        operation(150),
        operation(150, { outcome: "denied" }),
        operation(300),
      ],
      uncertain,
    ),
  ).toEqual([]);
  expect(check([operation(50)], uncertain)).toHaveLength(1);
});
