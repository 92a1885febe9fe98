// @vitest-environment happy-dom
import { create, etcdserverpb } from "@quorate/proto";
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFakeConsole } from "../../testing/fake-console.js";
import type { FakeConsole } from "../../testing/fake-console.js";
import { renderConsole } from "../../testing/render-console.js";
import { fakeLeaseService } from "./testing/fake-lease-service.js";

let fake: FakeConsole;
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

beforeEach(() => {
  fake = createFakeConsole({ routes: (router) => fakeLeaseService(() => fake.leases)(router) });
  fake.leases.push(
    create(etcdserverpb.LeaseTimeToLiveResponseSchema, {
      ID: 0x1fn,
      TTL: 3000n,
      grantedTTL: 6000n,
      keys: [bytes("/services/api/1"), bytes("/services/api/2")],
    }),
    create(etcdserverpb.LeaseTimeToLiveResponseSchema, { ID: 0x2fn, TTL: 600n, grantedTTL: 600n }),
  );
});
afterEach(cleanup);

test("leases are listed with what is left and found by key", async () => {
  const page = renderConsole(fake, "/leases");
  await screen.findByText("2 leases");
  expect(screen.getByText("000000000000001f")).toBeDefined();
  expect(screen.getByText("50 min")).toBeDefined();
  fireEvent.change(screen.getByLabelText("Filter by ID or key"), { target: { value: "api/2" } });
  await waitFor(() => expect(screen.queryByText("000000000000002f")).toBeNull());
  expect(page.url()).toBe("/leases?q=api/2");
});

test("revoking shows the keys that vanish", async () => {
  renderConsole(fake, "/leases?lease=1f");
  await screen.findByRole("list", { name: "Keys that hang on this lease" });
  fireEvent.click(screen.getByRole("button", { name: "Revoke" }));
  const question = await screen.findByRole("dialog", { name: "Revoke lease 000000000000001f?" });
  const doomed = await within(question).findByRole("list", { name: "Keys that will be deleted" });
  expect(
    within(doomed)
      .getAllByRole("listitem")
      .map((item) => item.textContent),
  ).toEqual(["/services/api/1", "/services/api/2"]);
  fireEvent.click(within(question).getByRole("button", { name: "Revoke and delete 2 keys" }));
  await screen.findByText("1 lease");
  expect(fake.leases.map((lease) => lease.ID)).toEqual([0x2fn]);
});

test("a lease is granted for a duration in words", async () => {
  renderConsole(fake, "/leases?do=grant");
  const form = await screen.findByRole("dialog", { name: "Grant a lease" });
  fireEvent.change(within(form).getByLabelText("Time to live"), { target: { value: "soon" } });
  fireEvent.click(within(form).getByRole("button", { name: "Grant" }));
  await within(form).findByText(/Write seconds, or a duration/);
  fireEvent.change(within(form).getByLabelText("Time to live"), { target: { value: "1h 30m" } });
  fireEvent.click(within(form).getByRole("button", { name: "Grant" }));
  await screen.findByRole("dialog", { name: "Granted for 1 h 30 min" });
  expect(fake.leases.at(-1)?.grantedTTL).toBe(5400n);
});

test("what the cluster refuses is said in the form", async () => {
  renderConsole(fake, "/leases?do=grant");
  const form = await screen.findByRole("dialog", { name: "Grant a lease" });
  fireEvent.change(within(form).getByLabelText(/ID in hexadecimal/), { target: { value: "1f" } });
  fireEvent.click(within(form).getByRole("button", { name: "Grant" }));
  await within(form).findByText("Lease already exists.");
});

test("without leases the page says what they are for", async () => {
  fake.leases.splice(0);
  renderConsole(fake, "/leases");
  await screen.findByText("No lease is alive");
});

test("a lease that is gone meanwhile is told as gone", async () => {
  renderConsole(fake, "/leases?lease=99");
  await screen.findByText("This lease is gone.");
});
