// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeConsole } from "../../testing/fake-console.js";
import type { FakeConsole } from "../../testing/fake-console.js";
import { renderConsole } from "../../testing/render-console.js";
import { fakeMetrics } from "./testing/fake-metrics.js";

let fake: FakeConsole;
const members = ["alpha", "beta", "gamma"];

beforeEach(() => {
  fake = createFakeConsole();
});
afterEach(cleanup);

test("a console that has just begun says so", async () => {
  renderConsole(fake, "/metrics");
  await screen.findByText("Nothing measured yet");
});

test("tables tell the figures of every member, and who has none", async () => {
  Object.assign(fake.metrics, fakeMetrics({ members, points: 30, nowMs: Date.now(), silent: "gamma" }));
  renderConsole(fake, "/metrics?view=tables");
  const table = within(await screen.findByRole("table", { name: "Requests in the chosen time" }));
  const rows = table.getAllByRole("row").map((row) => row.textContent ?? "");
  expect(rows[1]).toMatch(/^alpha.*k\/s/);
  await waitFor(() => expect(table.getAllByRole("row").map((row) => row.textContent)).toContain("gamma––––"));
  expect(screen.getByText("No figures from gamma.")).toBeDefined();
});

test("members are put together into the cluster", async () => {
  Object.assign(fake.metrics, fakeMetrics({ members, points: 30, nowMs: Date.now() }));
  const page = renderConsole(fake, "/metrics?view=tables");
  await screen.findByRole("table", { name: "Requests in the chosen time" });
  fireEvent.click(screen.getByRole("button", { name: "Cluster" }));
  const table = within(await screen.findByRole("table", { name: "Requests in the chosen time" }));
  await waitFor(() => expect(table.getAllByRole("row").length).toBe(2));
  expect(table.getAllByRole("row")[1]?.textContent).toMatch(/^Cluster/);
  expect(page.url()).toBe("/metrics?view=tables&by=cluster");
});

test("one metric fills the page and Back returns to all", async () => {
  Object.assign(fake.metrics, fakeMetrics({ members, points: 30, nowMs: Date.now() }));
  const page = renderConsole(fake, "/metrics?view=tables");
  fireEvent.click(await screen.findByRole("button", { name: "Only Keys" }));
  await screen.findByRole("heading", { level: 1, name: "Keys" });
  page.goBack();
  await screen.findByRole("heading", { level: 1, name: "Metrics" });
});
