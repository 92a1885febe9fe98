// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Interceptor } from "@connectrpc/connect";
import { createFakeConsole } from "../../testing/fake-console.js";
import type { FakeConsole } from "../../testing/fake-console.js";
import { fillWithSamples } from "../../testing/fake-samples.js";
import { renderConsole } from "../../testing/render-console.js";
import { encodeUtf8 } from "../../text/escape.js";

let fake: FakeConsole;

beforeEach(() => {
  fake = createFakeConsole();
  fillWithSamples(fake.store, 2000);
});
afterEach(cleanup);

const row = (name: string | RegExp): Promise<HTMLElement> => screen.findByRole("treeitem", { name });
const rowNames = (): string[] => screen.getAllByRole("treeitem").map((item) => item.textContent);

test("the tree opens by keyboard, and the chosen key is in the address", async () => {
  const page = renderConsole(fake, "/keys");
  const tree = await screen.findByRole("tree", { name: "Keys" });
  await row("app/");
  fireEvent.keyDown(tree, { key: "Home" });
  fireEvent.keyDown(tree, { key: "ArrowRight" });
  fireEvent.keyDown(tree, { key: "ArrowRight" });
  await row(/^config.yaml ?78 B$/);
  expect(screen.getByRole("treeitem", { name: "app/" }).getAttribute("aria-expanded")).toBe("true");
  fireEvent.keyDown(tree, { key: "ArrowDown" });
  fireEvent.keyDown(tree, { key: "Enter" });
  await screen.findByRole("region", { name: "Key /app/config" });
  expect(page.url()).toBe("/keys?key=/app/config");
});

test("a link to a key opens the folders on its way and shows its metadata", async () => {
  renderConsole(fake, "/keys?key=/services/web/10.0.0.11:8080");
  const chosen = await waitFor(() => screen.getByRole("treeitem", { selected: true }));
  expect(chosen.getAttribute("aria-level")).toBe("4");
  const detail = await screen.findByRole("region", { name: /Key \/services/ });
  expect(within(detail).getByText("Version").parentElement?.textContent).toBe("Version1");
  expect(within(detail).getByRole("link", { name: "0000000000007588" })).toBeDefined();
});

test("what others write appears, and what they delete goes", async () => {
  renderConsole(fake, "/keys?prefix=/app/");
  await row(/^motd ?51 B$/);
  fake.store.put(encodeUtf8("/app/new"), encodeUtf8("1"));
  await row(/^new ?1 B$/);
  fake.store.revision += 1n;
  fake.store.deleteAt("/app/motd");
  await waitFor(() => expect(rowNames()).not.toContain("motd51 B"));
});

test("the number of keys follows what happens, without being counted again", async () => {
  let mayCount = true;
  const counts: Interceptor = (next) => (request) => {
    const isCount = request.method.name === "Range" && (request.message as { countOnly?: boolean }).countOnly;
    return isCount === true && !mayCount ? new Promise(() => undefined) : next(request);
  };
  const transport: FakeConsole["transport"] = (own) => fake.transport([...own, counts]);
  renderConsole({ ...fake, transport }, "/keys?prefix=/app/");
  await screen.findByText("Live", { selector: ".q-badge" });
  await screen.findByText("5 keys");
  mayCount = false;
  fake.store.put(encodeUtf8("/app/one"), encodeUtf8("1"));
  fake.store.put(encodeUtf8("/app/feature/two"), encodeUtf8("1"));
  fake.store.put(encodeUtf8("/app/motd"), encodeUtf8("changed, not new"));
  await screen.findByText("7 keys");
  fake.store.revision += 1n;
  fake.store.deleteAt("/app/feature/two");
  await screen.findByText("6 keys");
});

test("a key that was found by a search stays true, though nothing is watched", async () => {
  renderConsole(fake, "/keys?q=motd&key=/app/motd");
  await screen.findByText(/Planned maintenance/);
  fake.store.put(encodeUtf8("/app/motd"), encodeUtf8("It is over."));
  await screen.findByText("It is over.");
});

test("the list shows keys without folders", async () => {
  renderConsole(fake, "/keys?prefix=/app/&view=list");
  await screen.findByRole("option", { name: "feature/dark-mode" });
  expect(screen.getByRole("listbox", { name: "Keys" })).toBeDefined();
});

test("a search streams its finds and says how far it looked", async () => {
  renderConsole(fake, "/keys?q=DARK");
  await screen.findByRole("option", { name: /^\/app\/feature\/ ?dark-mode$/ });
  await screen.findByText(/Done: 1 find in 2,0\d\d keys/);
});

test("the past shows what was, marks it, and takes no writes", async () => {
  const page = renderConsole(fake, "/keys?rev=3&key=/app/config");
  await screen.findByText("You are looking at the past");
  expect((await screen.findByRole("button", { name: "Edit" })).hasAttribute("disabled")).toBe(true);
  expect(screen.getByRole("button", { name: "New key" }).hasAttribute("disabled")).toBe(true);
  await waitFor(() => expect(rowNames()).toEqual(["/", "app/", "config96 B"]));
  fireEvent.click(screen.getByRole("button", { name: "One revision back" }));
  await waitFor(() => expect(page.url()).toContain("rev=2"));
  fireEvent.click(screen.getByRole("button", { name: "Back to now" }));
  await row("sessions/");
  expect(page.url()).not.toContain("rev=");
});

test("a revision that was compacted says so and leads on", async () => {
  fake.store.compacted = 10n;
  renderConsole(fake, "/keys?rev=4");
  expect((await screen.findAllByText("That revision was compacted")).length).toBeGreaterThan(0);
});

test("a new key is created once and then opened", async () => {
  const page = renderConsole(fake, "/keys");
  await row("app/");
  fireEvent.click(screen.getByRole("button", { name: "New key" }));
  const dialog = await screen.findByRole("dialog", { name: "New key" });
  fireEvent.change(within(dialog).getByLabelText("Key"), { target: { value: "/app/config" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Create" }));
  await within(dialog).findByText("This key exists already");
  fireEvent.change(within(dialog).getByLabelText("Key"), { target: { value: "/fresh\\x00" } });
  fireEvent.change(within(dialog).getByLabelText("Value"), { target: { value: "hello" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Create" }));
  await waitFor(() => expect(fake.store.get("/fresh\0")?.value).toEqual(encodeUtf8("hello")));
  await waitFor(() => expect(page.url()).toContain("key=/fresh%5Cx00"));
});

test("a prefix is deleted after it was counted and typed", async () => {
  renderConsole(fake, "/keys?folder=/services/");
  fireEvent.click(await screen.findByRole("button", { name: /Delete all of it/ }));
  const dialog = await screen.findByRole("dialog");
  const confirm = await within(dialog).findByRole("button", { name: "Delete 12 keys" });
  expect(confirm.hasAttribute("disabled")).toBe(true);
  fireEvent.change(within(dialog).getByRole("textbox"), { target: { value: "/services/" } });
  fireEvent.click(confirm);
  await waitFor(() =>
    expect(fake.store.next("/services/", fake.store.revision)).not.toMatch(/^\/services\//),
  );
});

test("a delete of a key that changed meanwhile is refused in its dialog", async () => {
  renderConsole(fake, "/keys?key=/app/motd&prefix=/registry/");
  await screen.findByText("Modified at");
  fireEvent.click(screen.getByRole("button", { name: "Delete this key" }));
  const dialog = await screen.findByRole("dialog");
  fake.store.put(encodeUtf8("/app/motd"), encodeUtf8("newer"));
  fireEvent.click(within(dialog).getByRole("button", { name: "Delete the key" }));
  await within(dialog).findByText(/changed at revision/);
  expect(fake.store.get("/app/motd")).toBeDefined();
});

test("history tells each change, and restores an old value as a new version", async () => {
  renderConsole(fake, "/keys?key=/app/config&tab=history");
  const states = await screen.findByRole("list", { name: "States, newest first" });
  const lines = within(states).getAllByRole("button");
  expect(lines.map((line) => line.textContent)).toEqual(["4Version 396 B", "3Version 296 B", "2Created97 B"]);
  await within(states).findByText("The key begins here.");
  fireEvent.click(lines[2]!);
  fireEvent.click(await screen.findByRole("button", { name: "Restore" }));
  const dialog = await screen.findByRole("dialog");
  fireEvent.click(within(dialog).getByRole("button", { name: "Restore" }));
  await waitFor(() => expect(fake.store.get("/app/config")?.version).toBe(4n));
  expect(new TextDecoder().decode(fake.store.get("/app/config")?.value)).toContain("debug");
});

test("compacted history says where it ends", async () => {
  fake.store.compacted = 3n;
  renderConsole(fake, "/keys?key=/app/config&tab=history");
  await screen.findByText("Older states were compacted away.");
});

test("history of a key that was created after a compaction is whole", async () => {
  fake.store.compacted = 2n;
  renderConsole(fake, "/keys?key=/app/config&tab=history");
  await screen.findByText(/The key begins here\. Whether/);
});
