// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeConsole } from "../../testing/fake-console.js";
import type { FakeConsole } from "../../testing/fake-console.js";
import { renderConsole } from "../../testing/render-console.js";
import { fakeContest } from "./testing/fake-contests.js";

let fake: FakeConsole;
const encoder = new TextEncoder();

beforeEach(() => {
  fake = createFakeConsole();
  const created = fake.store.put(encoder.encode("/locks/backup/1f"), encoder.encode(""), 0x1fn);
  fake.contests.push(
    fakeContest("/locks/backup", [
      { lease: 0x2fn, created: created + 5n },
      { lease: 0x1fn, created },
    ]),
    fakeContest("/elections/main", [{ lease: 0x3fn, created: 90n, value: "node-a" }]),
  );
});
afterEach(cleanup);

test("locks and elections are told apart, with who holds and who waits", async () => {
  renderConsole(fake, "/locks");
  const cards = within(await screen.findByRole("list", { name: "Locks and elections" }));
  await cards.findByText("Lock");
  expect(cards.getByText("Election")).toBeDefined();
  expect(cards.getByText("1 waiting")).toBeDefined();
  expect(cards.getByText("node-a")).toBeDefined();
  expect(cards.getByText("lease 1f").closest("li")?.textContent).toContain("Holds");
  expect(cards.getByText("lease 2f").closest("li")?.textContent).toContain("Waits at place 1".slice(-1));
});

test("kinds are filtered and the filter stands in the address", async () => {
  const page = renderConsole(fake, "/locks");
  fireEvent.click(await screen.findByRole("button", { name: "Elections" }));
  await waitFor(() => expect(screen.queryByText("lease 1f")).toBeNull());
  expect(page.url()).toBe("/locks?kind=election");
});

test("taking a lock away deletes that attempt's key after the name was typed", async () => {
  renderConsole(fake, "/locks");
  fireEvent.click(await screen.findByRole("button", { name: "Actions for the contender with lease 1f" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: /Take it away/ }));
  const question = await screen.findByRole("dialog", { name: "Take the lock away?" });
  expect(question.textContent).toContain("The next in line, lease 2f, gets it at once.");
  fireEvent.change(within(question).getByLabelText("Type /locks/backup to go on"), {
    target: { value: "/locks/backup" },
  });
  fireEvent.click(within(question).getByRole("button", { name: "Take it away" }));
  await screen.findByText("The lock was taken away");
  expect(fake.store.get("/locks/backup/1f")).toBeUndefined();
});

test("a lock that changed hands meanwhile stays untouched", async () => {
  renderConsole(fake, "/locks");
  fireEvent.click(await screen.findByRole("button", { name: "Actions for the contender with lease 2f" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: /Send away/ }));
  fireEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Send away" }));
  await screen.findByText("It had let go by itself already.");
});

test("nobody holding anything is said in words", async () => {
  fake.contests.splice(0);
  renderConsole(fake, "/locks");
  await screen.findByText("Nobody holds a lock or leads");
});
