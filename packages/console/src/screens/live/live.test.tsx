// @vitest-environment happy-dom
import { Code, ConnectError } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeConsole } from "../../testing/fake-console.js";
import type { FakeConsole } from "../../testing/fake-console.js";
import { renderConsole } from "../../testing/render-console.js";

let fake: FakeConsole;
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

beforeEach(() => {
  fake = createFakeConsole();
});
afterEach(cleanup);

const rows = (): string[] => screen.queryAllByRole("option").map((row) => row.textContent ?? "");

test("changes below the prefix appear as they happen, others do not", async () => {
  renderConsole(fake, "/live?prefix=/app/");
  await screen.findByText("Watching");
  fake.store.put(bytes("/app/a"), bytes("1"));
  fake.store.put(bytes("/other"), bytes("1"));
  fake.store.put(bytes("/app/a"), bytes("2"));
  fake.store.deleteAt("/app/a");
  await waitFor(() => expect(rows().length).toBe(3));
  expect(rows()[0]).toContain("create/app/a1");
  expect(rows()[1]).toContain("update/app/a2");
  expect(rows()[2]).toContain("delete/app/a");
});

test("paused, nothing moves; going on brings what waited", async () => {
  renderConsole(fake, "/live");
  await screen.findByText("Watching");
  fireEvent.click(screen.getByRole("button", { name: "Pause" }));
  fake.store.put(bytes("a"), bytes("1"));
  await screen.findByText("Held still, 1 waiting");
  expect(rows()).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Go on" }));
  await waitFor(() => expect(rows().length).toBe(1));
});

test("filters hide and show again without watching anew", async () => {
  const page = renderConsole(fake, "/live");
  await screen.findByText("Watching");
  fake.store.put(bytes("a"), bytes("apple"));
  fake.store.put(bytes("b"), bytes("pear"));
  fake.store.deleteAt("b");
  await waitFor(() => expect(rows().length).toBe(3));
  fireEvent.change(screen.getByLabelText("Only changes with this text"), { target: { value: "PEAR" } });
  await waitFor(() => expect(rows().length).toBe(2));
  fireEvent.click(screen.getByRole("button", { name: "Deletes" }));
  await waitFor(() => expect(rows().length).toBe(1));
  expect(page.url()).toBe("/live?q=PEAR&kinds=deletes");
  fireEvent.change(screen.getByLabelText("Only changes with this text"), { target: { value: "nothing" } });
  fireEvent.click(await screen.findByRole("button", { name: "Show all" }));
  await waitFor(() => expect(rows().length).toBe(3));
});

test("a change opens with what differs from before", async () => {
  const page = renderConsole(fake, "/live");
  await screen.findByText("Watching");
  fake.store.put(bytes("k"), bytes('{"a":1,"b":2}'));
  fake.store.put(bytes("k"), bytes('{"a":1,"b":3}'));
  await waitFor(() => expect(rows().length).toBe(2));
  fireEvent.click(screen.getAllByRole("option")[1]!);
  const detail = within(await screen.findByRole("region", { name: "Details of the change" }));
  const diff = detail.getByLabelText("What changed").textContent ?? "";
  expect(diff).toContain('−  "b": 2');
  expect(diff).toContain('+  "b": 3');
  expect(page.url()).toBe("/live?event=2");
  fireEvent.click(detail.getByRole("button", { name: "Change before" }));
  await detail.findByLabelText("The value");
  fireEvent.click(detail.getByRole("button", { name: "Close details" }));
  await waitFor(() => expect(screen.queryByRole("region", { name: "Details of the change" })).toBeNull());
});

test("a watch may begin in the past", async () => {
  fake.store.put(bytes("old"), bytes("1"));
  renderConsole(fake, "/live");
  await screen.findByText("Watching");
  fireEvent.change(screen.getByLabelText("From revision"), { target: { value: "2" } });
  fireEvent.click(screen.getByRole("button", { name: "Watch" }));
  await waitFor(() => expect(rows().length).toBe(1));
  expect(rows()[0]).toContain("createold");
});

test("a watch from a compacted revision says one thing, and leads on from there", async () => {
  fake.store.put(bytes("old"), bytes("1"));
  fake.store.put(bytes("old"), bytes("2"));
  fake.store.compacted = 3n;
  const page = renderConsole(fake, "/live?from=2");
  await screen.findByText("That revision was compacted.");
  expect(screen.queryByText("Not watching")).not.toBeNull();
  for (const untrue of [/trying again/, /Not watching yet/, /^revision/])
    expect(screen.queryByText(untrue)).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Watch from now" }));
  await screen.findByText("Watching");
  expect(page.url()).toBe("/live");
});

test("a watch from now whose place was compacted while it was away can be begun again", async () => {
  let isAway = true;
  const compacted = new ConnectError("the revision to start from has been compacted", Code.OutOfRange);
  const refuse: Interceptor = (next) => (request) =>
    isAway && request.method.name === "WatchKeys" ? Promise.reject(compacted) : next(request);
  const transport: FakeConsole["transport"] = (own) => fake.transport([...own, refuse]);
  renderConsole({ ...fake, transport }, "/live");
  await screen.findByText("That revision was compacted.");
  isAway = false;
  fireEvent.click(screen.getByRole("button", { name: "Watch from now" }));
  await screen.findByText("Watching");
});
