import { createClient as createSdkClient } from "@quorate/client";
import type { consolepb } from "@quorate/proto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { text, useConsole, utf8 } from "../testing/use-console.js";

const ROOT = { user: "root", password: "first" };
const app = useConsole({}, ROOT);
const asRoot = (password: string) =>
  createSdkClient({ endpoints: [app.member.endpoint], user: { name: "root", password } });

async function next(watch: AsyncIterator<consolepb.WatchKeysResponse>): Promise<consolepb.WatchKeysResponse> {
  const { value, done } = await watch.next();
  if (done === true) throw new Error("the watch ended");
  return value;
}

beforeAll(async () => {
  await app.auth.userAdd({ name: "root", password: "first" });
  await app.auth.roleAdd({ name: "root" });
  await app.auth.userGrantRole({ user: "root", role: "root" });
  await app.auth.authEnable({});
});

afterAll(async () => {
  await using root = asRoot(ROOT.password);
  await root.auth.disable();
});

it("watches on when the token it was opened with is no longer accepted", async () => {
  await app.kv.put({ key: utf8("t"), value: utf8("0") });
  await using root = asRoot(ROOT.password);
  // Any change of what users may do makes older tokens invalid for new watches.
  await root.auth.changePassword("root", ROOT.password);
  const watch = app.console.watchKeys({ key: utf8("t") })[Symbol.asyncIterator]();
  await next(watch);
  await app.kv.put({ key: utf8("t"), value: utf8("1") });
  expect((await next(watch)).events.map(({ kv }) => text(kv?.value))).toEqual(["1"]);
  await watch.return?.();
});
