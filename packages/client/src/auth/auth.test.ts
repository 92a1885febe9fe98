import { describe, expect, test } from "vitest";
import { PermissionError } from "../errors/errors.js";
import { onBothServers } from "../testing/both-servers.js";
import { prefixEnd } from "../kv/key-range.js";

const ROOT = { name: "root", password: "secret" };
const READER = { name: "reader", password: "quiet" };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

onBothServers((bench) => {
  describe("users and roles", () => {
    test("are made, listed, changed and taken away", async () => {
      const { auth } = bench.client;
      await auth.addUser("u", "p");
      await auth.addRole("r");
      await auth.grantPermission("r", "read", { prefix: "a/" });
      await auth.grantPermission("r", "readwrite", "b");
      await auth.grantRole("u", "r");
      expect(await auth.users()).toEqual(["u"]);
      expect(await auth.roles()).toEqual(["r"]);
      expect(await auth.userRoles("u")).toEqual(["r"]);
      expect(await auth.permissions("r")).toEqual([
        { access: "read", key: bytesOf("a/"), rangeEnd: prefixEnd(bytesOf("a/")) },
        { access: "readwrite", key: bytesOf("b"), rangeEnd: new Uint8Array(0) },
      ]);
      await auth.revokePermission("r", { prefix: "a/" });
      expect(await auth.permissions("r")).toHaveLength(1);
      await expect(auth.revokePermission("r", "none")).rejects.toMatchObject({
        reason: "permission-not-granted",
      });
      await auth.revokeRole("u", "r");
      await auth.deleteRole("r");
      await auth.changePassword("u", "other");
      await auth.deleteUser("u");
      await expect(auth.deleteUser("u")).rejects.toMatchObject({ reason: "user-not-found" });
      expect(await auth.users()).toEqual([]);
    });

    test("say what may be done, from when authentication is on until it is off again", async () => {
      const { client } = bench;
      await client.auth.addUser(ROOT.name, ROOT.password);
      // 3.4 makes this role by itself only later.
      await client.auth.addRole("root").catch(() => undefined);
      await client.auth.grantRole(ROOT.name, "root");
      await client.auth.addUser(READER.name, READER.password);
      await client.auth.addRole("reading");
      await client.auth.grantPermission("reading", "read", { prefix: "open/" });
      await client.auth.grantRole(READER.name, "reading");
      const root = bench.connect({ user: ROOT });
      // Learns that it needs no token.
      await root.put("open/a", "1");
      await client.auth.enable();
      try {
        await root.put("open/a", "2");
        const reader = bench.connect({ user: READER });
        expect((await reader.get("open/a"))?.value).toBe("2");
        await expect(reader.put("open/a", "3")).rejects.toThrow(PermissionError);
        await expect(reader.get("shut/a")).rejects.toMatchObject({ reason: "permission-denied" });
        await expect(client.get("open/a")).rejects.toMatchObject({ reason: "user-empty" });
        const stranger = bench.connect({ user: { ...READER, password: "wrong" } });
        await expect(stranger.get("open/a")).rejects.toMatchObject({ reason: "auth-failed" });

        await using open = reader.watch({ prefix: "open/" });
        await using shut = reader.watch({ prefix: "shut/" });
        await open.ready;
        await expect(shut.ready).rejects.toMatchObject({ reason: "permission-denied" });
        await root.put("open/b", "1");
        for await (const { kv } of open) {
          expect(kv.key).toBe("open/b");
          break;
        }
        // Every change of users and roles makes tokens old, which nobody notices.
        await root.auth.addRole("more");
        expect((await reader.get("open/b"))?.value).toBe("1");
        expect((await root.auth.status().catch(() => ({ enabled: true }))).enabled).toBe(true);
      } finally {
        await root.auth.disable();
      }
      expect((await client.get("open/a"))?.value).toBe("2");
    });
  });
});
