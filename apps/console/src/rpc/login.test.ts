import { Code, ConnectError } from "@connectrpc/connect";
import { CONSOLE_HEADERS } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { createPasswordHash } from "../login/password.js";
import { useConsole, utf8 } from "../testing/use-console.js";

const PASSWORD = "correct horse";
const app = useConsole({ login: { user: "admin", password: await createPasswordHash(PASSWORD) } });
const csrf = { [CONSOLE_HEADERS.csrf]: "1" };

async function logIn(user: string, password: string): Promise<{ cookie: string; attributes: string }> {
  let header = "";
  await app.console.login(
    { user, password },
    { onHeader: (headers) => (header = headers.get("set-cookie") ?? "") },
  );
  const [cookie = "", ...attributes] = header.split("; ");
  return { cookie, attributes: attributes.join("; ") };
}
const codeOf = (call: Promise<unknown>): Promise<Code | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => ConnectError.from(error).code,
  );

describe("a console with a login", () => {
  it("tells strangers that they have to log in, and nothing else", async () => {
    expect(await app.console.getSession({})).toMatchObject({
      loginRequired: true,
      loggedIn: false,
      clusters: [],
      user: "",
    });
    expect(await codeOf(app.kv.range({ key: utf8("k") }))).toBe(Code.Unauthenticated);
    expect(await codeOf(app.console.getOverview({}))).toBe(Code.Unauthenticated);
    expect((await fetch(new URL("/api/snapshot", app.url))).status).toBe(401);
    const watch = app.console.watchKeys({ key: utf8("k") })[Symbol.asyncIterator]();
    expect(await codeOf(watch.next())).toBe(Code.Unauthenticated);
  });

  it("takes no long messages from strangers", async () => {
    const password = "x".repeat(100_000);
    expect(await codeOf(app.console.login({ user: "admin", password }))).toBe(Code.ResourceExhausted);
  });

  it("lets in whoever has the cookie, until they log out", async () => {
    const { cookie, attributes } = await logIn("admin", PASSWORD);
    expect(attributes).toMatch(/^Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const browser = app.browse({ ...csrf, cookie });
    const session = await browser.console.getSession({});
    expect(session).toMatchObject({ loggedIn: true, user: "admin" });
    expect(session.clusters.map(({ id }) => id)).toEqual(["default"]);
    expect(await codeOf(browser.kv.range({ key: utf8("k") }))).toBeUndefined();

    const watch = browser.console.watchKeys({ key: utf8("k") })[Symbol.asyncIterator]();
    await watch.next();
    const ending = codeOf(watch.next());
    await browser.console.logout({});
    expect(await ending).toBe(Code.Unauthenticated);
    expect(await codeOf(browser.kv.range({ key: utf8("k") }))).toBe(Code.Unauthenticated);
  });

  it("does not take a made-up cookie", async () => {
    const { cookie } = await logIn("admin", PASSWORD);
    const [name] = cookie.split("=");
    for (const token of ["", "x", "A".repeat(43)]) {
      const browser = app.browse({ ...csrf, cookie: `${name}=${token}` });
      expect(await codeOf(browser.kv.range({ key: utf8("k") }))).toBe(Code.Unauthenticated);
    }
  });

  // Last, because it locks this address out for a while.
  it("makes those who guess wait, the right password too", async () => {
    const codes: (Code | undefined)[] = [];
    for (const user of ["admin", "root", "admin", "admin", "admin", "admin"]) {
      codes.push(await codeOf(app.console.login({ user, password: user === "root" ? PASSWORD : "wrong" })));
    }
    expect(codes.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => Code.PermissionDenied));
    expect(codes[5]).toBe(Code.ResourceExhausted);
    expect(await codeOf(logIn("admin", PASSWORD))).toBe(Code.ResourceExhausted);
  });
});
