// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeConsole } from "../../testing/fake-console.js";
import type { FakeConsole } from "../../testing/fake-console.js";
import { renderConsole } from "../../testing/render-console.js";
import { encodeDraft } from "./url.js";
import { TEMPLATES } from "./templates.js";

let fake: FakeConsole;
const decoder = new TextDecoder();

beforeEach(() => {
  fake = createFakeConsole();
});
afterEach(cleanup);

const address = (id: string): string =>
  `/txn?t=${encodeURIComponent(encodeDraft(TEMPLATES.find((one) => one.id === id)!.draft))}`;

test("a template runs, and a second time the other branch is taken", async () => {
  renderConsole(fake, "/txn");
  fireEvent.click(await screen.findByRole("button", { name: /Create only if absent/ }));
  fireEvent.click(await screen.findByRole("button", { name: "Run" }));
  await screen.findByText(/The condition held\./);
  expect(decoder.decode(fake.store.get("config/limit")?.value)).toBe("100");
  fireEvent.click(screen.getByRole("button", { name: "Run" }));
  await screen.findByText(/The condition did not hold\./);
  expect(screen.getByText("Found 1 key")).toBeDefined();
});

test("a draft in the address is what the builder shows", async () => {
  renderConsole(fake, address("move"));
  await waitFor(() => expect(screen.getAllByDisplayValue("old/name").length).toBe(2));
  expect(screen.getAllByDisplayValue("new/name").length).toBe(2);
});

test("typing reaches the address", async () => {
  const page = renderConsole(fake, address("create"));
  fireEvent.change(await screen.findByLabelText("Then 1: value"), { target: { value: "777" } });
  await waitFor(() => expect(decodeURIComponent(page.url())).toContain('"777"'));
});

test("what is wrong is told at its field, not run", async () => {
  renderConsole(fake, "/txn");
  fireEvent.click((await screen.findAllByRole("button", { name: "Put" }))[0]!);
  fireEvent.click(screen.getByRole("button", { name: "Run" }));
  await screen.findByText("A key is needed.");
  expect(screen.getByLabelText("Then 1: key").getAttribute("aria-invalid")).toBe("true");
  expect(fake.store.revision).toBe(1n);
});

test("a transaction within a transaction is built", async () => {
  const page = renderConsole(fake, "/txn");
  fireEvent.click((await screen.findAllByRole("button", { name: "Nested" }))[0]!);
  // The nested editor stands before the outer "Else".
  fireEvent.click((await screen.findAllByRole("button", { name: "Put" }))[1]!);
  const key = await screen.findByLabelText("Then 1: key");
  fireEvent.change(key, { target: { value: "deep" } });
  const nested = '[[],[["txn",[[],[["put","deep","","",false]],[]]]],[]]';
  await waitFor(() => expect(decodeURIComponent(page.url())).toBe(`/txn?t=${nested}`));
});

test("etcdctl's text is taken over", async () => {
  renderConsole(fake, "/txn");
  fireEvent.click(await screen.findByRole("button", { name: "Paste" }));
  const form = await screen.findByRole("dialog", { name: "Paste from etcdctl" });
  const field = within(form).getByLabelText("Input of etcdctl txn");
  fireEvent.change(field, { target: { value: "nonsense" } });
  fireEvent.click(within(form).getByRole("button", { name: "Take it over" }));
  await within(form).findByText(/^Line 1:/);
  fireEvent.change(field, { target: { value: '\nput "pasted" "yes"\n' } });
  fireEvent.click(within(form).getByRole("button", { name: "Take it over" }));
  await screen.findByDisplayValue("pasted");
});

test("a read-only console runs what only reads", async () => {
  fake.session.readOnly = true;
  renderConsole(fake, address("read"));
  const run = await screen.findByRole("button", { name: "Run" });
  expect(run.getAttribute("aria-disabled")).toBeNull();
  fireEvent.click((await screen.findAllByRole("button", { name: "Put" }))[0]!);
  await waitFor(() =>
    expect(screen.getByRole("button", { name: "Run" }).getAttribute("aria-disabled")).toBe("true"),
  );
});
