import { expect, test } from "vitest";
import { CallSlots } from "./call-slots.js";

test("calls beyond the limit wait in order, and who leaves while waiting never starts", () => {
  const slots = new CallSlots(2);
  const started: string[] = [];
  const enter = (name: string): (() => void) => slots.enter(() => void started.push(name));
  const leaveA = enter("a");
  enter("b");
  const leaveC = enter("c");
  enter("d");
  expect(started).toEqual(["a", "b"]);
  leaveC();
  leaveA();
  leaveA();
  expect(started).toEqual(["a", "b", "d"]);
});
