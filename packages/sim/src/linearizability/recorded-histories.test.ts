import { expect, test } from "vitest";
import { readRegisterHistories } from "../testing/register-history.js";
import { REGISTER } from "./register.js";
import { searchOrder } from "./search.js";

const histories = readRegisterHistories(new URL("../testdata/register-histories.txt", import.meta.url));

test("there are 102 recorded histories of both verdicts", () => {
  expect(histories).toHaveLength(102);
  expect(new Set(histories.map(({ isLinearizable }) => isLinearizable)).size).toBe(2);
});

test.each(histories.map((history) => [history.name, history] as const))(
  "%s gets its known verdict",
  (_name, { operations, isLinearizable }) => {
    const result = searchOrder(REGISTER, operations);
    expect(result.kind).toBe(isLinearizable ? "linearizable" : "violation");
  },
);
