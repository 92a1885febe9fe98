// @vitest-environment happy-dom
import { create, etcdserverpb } from "@quorate/proto";
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeConsole } from "../../testing/fake-console.js";
import type { FakeConsole } from "../../testing/fake-console.js";
import { renderConsole } from "../../testing/render-console.js";
import { createFakeOperations } from "./testing/fake-operations.js";
import type { FakeOperations } from "./testing/fake-operations.js";

let fake: FakeConsole;
let operations: FakeOperations;

beforeEach(() => {
  operations = createFakeOperations(() => fake.overview);
  fake = createFakeConsole({ overviewMs: 20, routes: operations.routes });
});
afterEach(cleanup);

const dialog = (): Promise<HTMLElement> => screen.findByRole("dialog");

async function choose(member: string, action: string): Promise<void> {
  fireEvent.click(await screen.findByRole("button", { name: `Actions for ${member}` }));
  fireEvent.click(await screen.findByRole("menuitem", { name: new RegExp(action) }));
}

test("every member shows what it answered, and the votes add up", async () => {
  renderConsole(fake, "/members");
  await screen.findByRole("heading", { name: "beta" });
  expect(screen.getByText("All 3 voters answer. One more may fail: the majority is 2.")).toBeDefined();
  expect(screen.getByRole("img", { name: "3 of 3 votes answer, 2 are needed." })).toBeDefined();
  expect(screen.getAllByText("3.7.0").length).toBeGreaterThan(2);
});

test("a member that falls silent is shown so without asking", async () => {
  renderConsole(fake, "/members");
  await screen.findByRole("heading", { name: "gamma" });
  const gamma = fake.overview.members[2]!;
  delete gamma.status;
  gamma.error = "connection refused";
  await screen.findByText("Unreachable");
  expect(screen.getByText("connection refused")).toBeDefined();
  expect(screen.getByText("2 of 3 voters answer. None may fail: the majority is 2.")).toBeDefined();
});

test("removing spells out the quorum and wants the name", async () => {
  renderConsole(fake, "/members");
  await choose("gamma", "Remove");
  const question = await dialog();
  expect(within(question).getByText("Without gamma, no voter may fail.")).toBeDefined();
  expect(within(question).getByRole("row", { name: "More that may fail 1 0" })).toBeDefined();
  const confirm = within(question).getByRole<HTMLButtonElement>("button", { name: "Remove gamma" });
  expect(confirm.disabled).toBe(true);
  fireEvent.change(within(question).getByLabelText("Type gamma to go on"), { target: { value: "gamma" } });
  fireEvent.click(confirm);
  await waitFor(() => expect(operations.calls).toEqual(["remove gamma"]));
  await waitFor(() => expect(screen.queryByRole("heading", { name: "gamma" })).toBeNull());
});

test("the leader is moved by asking the leader", async () => {
  renderConsole(fake, "/members");
  await choose("beta", "Make it the leader");
  fireEvent.click(within(await dialog()).getByRole("button", { name: "Lead from beta" }));
  await waitFor(() => expect(operations.calls).toEqual(["move leader to beta at 8e9e05c52164694d"]));
});

test("a member is defragmented at that member, with a word on who may fail meanwhile", async () => {
  renderConsole(fake, "/members");
  await choose("beta", "Defragment");
  const question = await dialog();
  within(question).getByText("While beta is busy, the others are a majority and no other voter may fail.");
  fireEvent.click(within(question).getByRole("button", { name: "Defragment beta" }));
  await waitFor(() => expect(operations.calls).toEqual(["defragment 8e9e05c52164694e"]));
});

test("an added learner ends in the flags to start it with, and can be promoted", async () => {
  renderConsole(fake, "/members?do=add-learner");
  const question = await dialog();
  fireEvent.click(within(question).getByRole("button", { name: "Add learner" }));
  await within(question).findByText(/Where will the others reach it/);
  fireEvent.change(within(question).getByLabelText(/Peer addresses/), {
    target: { value: "http://10.0.0.4:2380" },
  });
  fireEvent.click(within(question).getByRole("button", { name: "Add learner" }));
  await screen.findByText("The learner is added. Now start it");
  const flags = screen.getByLabelText("Flags for the new member").textContent;
  expect(flags).toContain("gamma=http://10.0.0.3:2380,member-4=http://10.0.0.4:2380");
  expect(operations.calls).toEqual(["add learner http://10.0.0.4:2380"]);
});

test("an alarm stands on top and is disarmed for its member", async () => {
  const { ID } = fake.overview.members[1]!.member!;
  fake.overview.alarms.push(
    create(etcdserverpb.AlarmMemberSchema, { memberID: ID, alarm: etcdserverpb.AlarmType.NOSPACE }),
  );
  renderConsole(fake, "/members");
  await screen.findByText("Alarm on beta: no space.");
  fireEvent.click(screen.getByRole("button", { name: "Disarm" }));
  fireEvent.click(within(await dialog()).getByRole("button", { name: "Disarm" }));
  await waitFor(() => expect(operations.calls).toEqual(["disarm 1 of beta"]));
  await waitFor(() => expect(screen.queryByText("Alarm on beta: no space.")).toBeNull());
});

test("a read-only console shows everything and offers no change", async () => {
  fake.session.readOnly = true;
  renderConsole(fake, "/members");
  fireEvent.click(await screen.findByRole("button", { name: "Actions for beta" }));
  const remove = await screen.findByRole("menuitem", { name: /Remove/ });
  expect(remove.getAttribute("aria-disabled")).toBe("true");
  expect(remove.textContent).toContain("This console is read-only.");
  expect(screen.getByRole("button", { name: "Compact", hidden: true }).getAttribute("aria-disabled")).toBe(
    "true",
  );
});

test("a snapshot is a plain download of the chosen cluster", async () => {
  renderConsole(fake, "/members?do=snapshot");
  const link = within(await dialog()).getByRole("link", { name: "Download" });
  expect(link.getAttribute("href")).toMatch(/^\/api\/snapshot\?cluster=/);
});
