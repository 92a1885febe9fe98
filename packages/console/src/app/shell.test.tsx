// @vitest-environment happy-dom
import { Code, ConnectError } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeConsole } from "../testing/fake-console.js";
import type { FakeConsole } from "../testing/fake-console.js";
import { fillWithSamples } from "../testing/fake-samples.js";
import { renderConsole } from "../testing/render-console.js";

let fake: FakeConsole;

beforeEach(() => {
  fake = createFakeConsole({ overviewMs: 20 });
  fillWithSamples(fake.store, 0);
});
afterEach(cleanup);

test("the mark tells the state of the cluster in words", async () => {
  renderConsole(fake, "/keys");
  await screen.findByRole("img", { name: "3 of 3 members answer, quorum holds" });
});

test("a member that stops answering is told within the next overview, and so is its return", async () => {
  renderConsole(fake, "/keys");
  await screen.findByRole("img", { name: /3 of 3/ });
  const gamma = fake.overview.members[2]!;
  const { status } = gamma;
  delete gamma.status;
  await screen.findByText("gamma does not answer");
  await screen.findByRole("img", { name: "2 of 3 members answer, quorum holds" });
  gamma.status = status!;
  await waitFor(() => expect(screen.queryByText("gamma does not answer")).toBeNull());
});

test("without a quorum the page says what still works", async () => {
  fake.overview.hasQuorum = false;
  delete fake.overview.members[1]!.status;
  delete fake.overview.members[2]!.status;
  renderConsole(fake, "/keys");
  await screen.findByText("No quorum: nothing can be written");
  await screen.findByText("beta, gamma do not answer.");
});

test("without a quorum nothing claims to be live, and whoever waits is told why", async () => {
  const hang: Interceptor = (next) => (request) =>
    request.method.name === "Txn" ? new Promise(() => undefined) : next(request);
  const transport: FakeConsole["transport"] = (own) => fake.transport([...own, hang]);
  renderConsole({ ...fake, transport }, "/keys");
  await screen.findByText("Live", { selector: ".q-badge" });
  fake.overview.hasQuorum = false;
  await screen.findByText(/^Not live: /, { selector: ".q-badge" });
  fireEvent.click(screen.getByRole("button", { name: "New key" }));
  const dialog = within(await screen.findByRole("dialog", { name: "New key" }));
  fireEvent.change(dialog.getByLabelText("Key"), { target: { value: "/new" } });
  fireEvent.click(dialog.getByRole("button", { name: "Create" }));
  await dialog.findByText("No answer yet");
  await dialog.findByText(/no quorum/);
  expect(dialog.getByLabelText("Key").getAttribute("value")).toBe("/new");
});

test("a view that is long in coming says that it is waited for", async () => {
  const hang: Interceptor = (next) => (request) =>
    request.method.name === "ListChildren" ? new Promise(() => undefined) : next(request);
  const transport: FakeConsole["transport"] = (own) => fake.transport([...own, hang]);
  renderConsole({ ...fake, transport }, "/keys");
  await screen.findByText("No answer yet");
});

test("a console whose server is gone keeps its last state and says so", async () => {
  renderConsole(fake, "/keys");
  await screen.findByRole("img", { name: /3 of 3/ });
  fake.trouble = new ConnectError("Failed to fetch", Code.Unavailable);
  await screen.findByText("The console's server does not answer");
  expect(screen.getByRole("tree")).toBeDefined();
});

test("a login comes first where one is required, and the address stays", async () => {
  fake.session.loginRequired = true;
  const page = renderConsole(fake, "/keys?prefix=/app/");
  await screen.findByText("admin, unless the console was started with another name.");
  fireEvent.change(await screen.findByLabelText("User"), { target: { value: "ops" } });
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: "wrong" } });
  fireEvent.click(screen.getByRole("button", { name: "Log in" }));
  await screen.findByText("User or password is wrong.");
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: "quorate" } });
  fireEvent.click(screen.getByRole("button", { name: "Log in" }));
  await screen.findByRole("tree");
  expect(page.url()).toBe("/keys?prefix=/app/");
});

test("the palette goes to screens and to keys", async () => {
  const page = renderConsole(fake, "/keys");
  await screen.findByRole("tree");
  fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
  const field = await screen.findByRole("combobox", { name: "Command or key" });
  fireEvent.change(field, { target: { value: "memb" } });
  expect(screen.getAllByRole("option")[0]?.textContent).toContain("Members");
  fireEvent.change(field, { target: { value: "/app/motd" } });
  fireEvent.keyDown(field, { key: "Enter" });
  await waitFor(() => expect(page.url()).toBe("/keys?key=/app/motd"));
});

test("two keys in a row lead to a screen; with single keys switched off they do nothing", async () => {
  const page = renderConsole(fake, "/keys");
  await screen.findByRole("tree");
  localStorage.setItem("quorate.single-keys", "off");
  fireEvent.keyDown(document.body, { key: "?" });
  expect(screen.queryByRole("dialog")).toBeNull();
  localStorage.removeItem("quorate.single-keys");
  fireEvent.keyDown(document.body, { key: "?" });
  const sheet = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
  fireEvent.click(within(sheet).getByRole("button", { name: "Close" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  fireEvent.keyDown(document.body, { key: "g" });
  fireEvent.keyDown(document.body, { key: "l" });
  await waitFor(() => expect(page.url()).toBe("/leases"));
});

test("several clusters can be switched between, and links stay in the chosen one", async () => {
  fake.session.clusters.push({ ...fake.session.clusters[0]!, id: "prod", name: "production" });
  renderConsole(fake, "/keys?cluster=prod");
  const links = await screen.findAllByRole("link", { name: "Members" });
  expect(links[0]?.getAttribute("href")).toBe("/members?cluster=prod");
  expect(screen.getByRole("combobox", { name: "Cluster" }).textContent).toBe("production");
});

test("access is not offered where the server has no users", async () => {
  fake.overview.authOffered = false;
  renderConsole(fake, "/keys");
  await screen.findByRole("img", { name: /3 of 3/ });
  expect(screen.queryByRole("link", { name: "Access" })).toBeNull();
});

test("a read-only console says so and offers no writes", async () => {
  fake.session.readOnly = true;
  renderConsole(fake, "/keys?key=/app/motd");
  await screen.findByText("Read-only");
  expect((await screen.findByRole("button", { name: "Edit" })).hasAttribute("disabled")).toBe(true);
});
