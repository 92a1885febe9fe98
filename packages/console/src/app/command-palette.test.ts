import { expect, test } from "vitest";
import { matchCommands } from "./command-palette.js";
import { describeKey, keyLabels } from "./shortcuts.js";

const command = (label: string, group: string, hidden = false) => ({
  id: label,
  label,
  group,
  hidden,
  run: () => undefined,
});
const commands = [
  command("Members", "Go to"),
  command("Add member", "Members"),
  command("New key", "Keys"),
  command("Secret", "Keys", true),
];

test("every word has to be found, names that begin with the first one come first", () => {
  expect(matchCommands(commands, "memb").map(({ label }) => label)).toEqual(["Members", "Add member"]);
  expect(matchCommands(commands, "key ne").map(({ label }) => label)).toEqual(["New key"]);
  expect(matchCommands(commands, "secret")).toEqual([]);
  expect(matchCommands(commands, "").length).toBe(3);
});

test("keys are described as shortcuts name them", () => {
  const event = { key: "K", ctrlKey: true, metaKey: false, altKey: false };
  expect(describeKey(event)).toBe("mod+k");
  expect(describeKey({ ...event, ctrlKey: false, key: "?" })).toBe("?");
  expect(keyLabels("mod+k")).toEqual(["Ctrl", "K"]);
  expect(keyLabels("g m")).toEqual(["G", "M"]);
});
