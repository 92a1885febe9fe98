// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeConsole } from "../../testing/fake-console.js";
import type { FakeConsole } from "../../testing/fake-console.js";
import { renderConsole } from "../../testing/render-console.js";
import { createFakeAuth } from "./testing/fake-auth.js";
import type { FakeAuth } from "./testing/fake-auth.js";

let fake: FakeConsole;
let auth: FakeAuth;

beforeEach(() => {
  auth = createFakeAuth();
  fake = createFakeConsole({ overviewMs: 20, routes: auth.routes });
});
afterEach(cleanup);

const dialog = (name?: string): Promise<HTMLElement> =>
  screen.findByRole("dialog", name === undefined ? {} : { name });

test("where the server has no users, there is no section", async () => {
  fake.overview.authOffered = false;
  renderConsole(fake, "/access");
  await screen.findByText("This cluster has no users and roles");
  expect(screen.queryByRole("link", { name: "Access" })).toBeNull();
});

test("users are listed with their roles, and roles are given and taken", async () => {
  renderConsole(fake, "/access");
  fireEvent.click(await screen.findByRole("button", { name: "Actions for user dashboard" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Roles" }));
  const form = within(await dialog("Roles of dashboard"));
  fireEvent.click(form.getByText("reader"));
  fireEvent.click(form.getByText("config-writer"));
  fireEvent.click(form.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(auth.users.get("dashboard")).toEqual(["config-writer"]));
});

test("a user is added with a password or by certificate only", async () => {
  renderConsole(fake, "/access?do=add-user");
  const form = within(await dialog("Add a user"));
  fireEvent.change(form.getByLabelText("Name"), { target: { value: "robot" } });
  fireEvent.click(form.getByRole("button", { name: "Add user" }));
  await form.findByText("A password is needed.");
  fireEvent.click(form.getByText("No password"));
  fireEvent.click(form.getByRole("button", { name: "Add user" }));
  await waitFor(() => expect(auth.calls).toEqual(["add user robot without password"]));
});

test("a refusal is shown in the form", async () => {
  renderConsole(fake, "/access?do=add-role");
  const form = within(await dialog("Add a role"));
  fireEvent.change(form.getByLabelText("Name"), { target: { value: "reader" } });
  fireEvent.click(form.getByRole("button", { name: "Add role" }));
  await form.findByText("Role name already exists.");
});

test("permissions read as sentences and are given for a prefix", async () => {
  renderConsole(fake, "/access?tab=roles");
  await screen.findByText("keys beginning with /config/");
  fireEvent.click(screen.getAllByRole("button", { name: "Permission" })[0]!);
  const form = within(await dialog("Permission for config-writer"));
  fireEvent.change(form.getByLabelText("Permission: key"), { target: { value: "/extra/" } });
  await form.findByText("config-writer may then read keys beginning with /extra/.");
  fireEvent.click(form.getByRole("button", { name: "Permit" }));
  await screen.findByText("keys beginning with /extra/");
  fireEvent.click(
    screen.getByRole("button", {
      name: "Take the permission for keys beginning with /extra/ from config-writer",
    }),
  );
  await waitFor(() => expect(auth.calls).toEqual(["permit config-writer", "forbid config-writer"]));
});

test("the check answers for every user with the reason", async () => {
  renderConsole(fake, "/access?tab=check&key=/config/limit");
  const row = await screen.findByRole("row", { name: /^intern/ });
  expect(row.textContent).toContain("may notThe user has no role.");
  expect(screen.getByRole("row", { name: /^deploy/ }).textContent).toContain("Role config-writer");
});

test("switching on warns a console without a user and wants a word", async () => {
  renderConsole(fake, "/access");
  fireEvent.click(await screen.findByRole("button", { name: "Switch on" }));
  const question = within(await dialog("Check permissions from now on?"));
  question.getByText("You would lock yourself out.");
  const confirm = question.getByRole<HTMLButtonElement>("button", { name: "Switch on" });
  expect(confirm.disabled).toBe(true);
  fireEvent.change(question.getByLabelText("Type check to go on"), { target: { value: "check" } });
  fireEvent.click(confirm);
  await screen.findByText("Permissions are checked");
});

test("without root it cannot be switched on", async () => {
  auth.users.delete("root");
  renderConsole(fake, "/access?do=enable");
  const question = within(await dialog());
  await question.findByText("A user named root is needed.");
});

test("deleting a role names who loses it", async () => {
  renderConsole(fake, "/access?tab=roles&do=delete-role&name=reader");
  const question = within(await dialog("Delete the role reader?"));
  question.getByText("dashboard, deploy lose what it permits at once.");
});

test("a read-only console opens no question, not even from a link", async () => {
  fake.session.readOnly = true;
  renderConsole(fake, "/access?do=delete-user&name=deploy");
  await screen.findByText("deploy");
  expect(screen.queryByRole("dialog")).toBeNull();
});
