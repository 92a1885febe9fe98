/**
 * Each method as each kind of caller, with authentication off and on, with simple and with signed tokens: the same code and the same
 * text from both servers. Where the reference is older than a rule, the answer is not compared, and the probe says why.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdserverpb as pb } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isOlder, readVersion } from "../harness/etcd-version.js";
import { lacksOffers } from "../harness/offers.js";
import { Member } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import type { WireClient } from "../harness/wire-client.js";
import { AuthWorld, tryProbe, USERS } from "./auth-world.js";
import { PROBES, type Probe } from "./probes.js";

const suite = "who may call what";
const folder = mkdtempSync(join(tmpdir(), "auth-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A caller's metadata, on each server. */
type MakeCaller = (world: AuthWorld, token: (user: string) => string) => WireClient;

const CALLERS: readonly (readonly [name: string, make: MakeCaller])[] = [
  ["nobody", (world) => world.client()],
  ["a caller with a token of nobody", (world) => world.client({ token: "abcdefghijklmnop.1" })],
  ["a caller with no token at all in it", (world) => world.client({ token: "" })],
  ["reader", (world, token) => world.client({ token: token("reader") })],
  ["writer", (world, token) => world.client({ authorization: token("writer") })],
  ["a reader with a Bearer", (world, token) => world.client({ authorization: `Bearer ${token("reader")}` })],
  ["all", (world, token) => world.client({ token: token("all") })],
  ["stranger", (world, token) => world.client({ token: token("stranger") })],
  ["a user that is gone", (world, token) => world.client({ token: token("leaver") })],
  ["root", (world, token) => world.client({ token: token("root") })],
];

function rsaKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const file = join(folder, "rsa.key");
  writeFileSync(file, privateKey.export({ type: "pkcs1", format: "pem" }));
  return file;
}

const KINDS: readonly (readonly [name: string, flags: () => readonly string[]])[] = [
  ["simple tokens", () => []],
  ["signed tokens", () => [`--auth-token=jwt,sign-method=RS256,priv-key=${rsaKey()},ttl=10m`]],
];

describe.skipIf(missesPrograms(suite, [subjectKind, "etcd"]) || lacksOffers(suite, ["Auth"]))(suite, () => {
  describe.each(KINDS)("with %s", (_kind, flagsOf) => {
    const members: Member[] = [];
    const worlds: AuthWorld[] = [];
    const tokens: Map<string, string>[] = [new Map(), new Map()];
    let release = "";

    beforeAll(async () => {
      const flags = [...flagsOf(), "--bcrypt-cost=4"];
      for (const kind of [subjectKind, "etcd"] as const) {
        const member = await Member.start({ kind, flags });
        members.push(member);
        worlds.push(new AuthWorld(member.endpoint));
      }
      release = await readVersion(members[1] as Member);
      for (const world of worlds) await world.populate();
    });
    afterAll(async () => {
      for (const world of worlds) world.close();
      for (const member of members) await member.dispose();
    });

    const isComparable = ({ since }: Probe): boolean =>
      since === undefined || !isOlder(release, since.release);

    /** Makes the calls on both servers, one after the other, and tells where they differ. */
    async function compare(make: MakeCaller, probes: readonly Probe[]): Promise<string[]> {
      const clients = worlds.map((world, i) => make(world, (user) => tokens[i]?.get(user) ?? "missing"));
      const differences: string[] = [];
      for (const probe of probes.filter(isComparable)) {
        const [ours, theirs] = await Promise.all(clients.map((client) => tryProbe(client, probe)));
        if (ours !== theirs) differences.push(`${probe.name}: ${ours} INSTEAD OF ${theirs}`);
      }
      return differences;
    }

    test.each(CALLERS.slice(0, 3))("while it is off, %s may everything", async (name, make) => {
      // Old releases looked at tokens also then.
      if (name !== "nobody" && isOlder(release, "3.5.0")) return;
      const probes = PROBES.filter(({ name }) => name !== "AuthEnable");
      expect(await compare(make, probes)).toEqual([]);
    });

    describe("while it is on", () => {
      beforeAll(async () => {
        for (const [i, world] of worlds.entries()) {
          await world.enable();
          for (const user of ["root", ...USERS]) tokens[i]?.set(user, await world.logIn(user));
          const root = world.client({ token: tokens[i]?.get("root") ?? "" });
          await root.demand(pb.Auth.method.userDelete, { name: "leaver" });
          // What signed tokens say of the revision is old now, except of those that come after.
          for (const user of ["root", ...USERS.filter((each) => each !== "leaver")])
            tokens[i]?.set(user, await world.logIn(user));
        }
      });

      test.each(CALLERS)("%s", async (name, make) => {
        // Old releases did not take the word off.
        if (name.includes("Bearer") && isOlder(release, "3.5.0")) return;
        expect(await compare(make, PROBES)).toEqual([]);
      });
    });
  });
});
