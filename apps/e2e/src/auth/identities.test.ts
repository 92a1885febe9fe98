/** Who a caller is by a signed token or by a certificate, at running members. Numbers are those of operations-situations-b.md. */
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@quorate/client";
import { authpb, etcdserverpb as pb } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepareCluster } from "../cluster/use-cluster.js";
import { findLoopbackPlaces } from "../faults/place.js";
import { AuthorityFiles } from "../harness/certificate-files.js";
import { findFreePort } from "../harness/free-port.js";
import { subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { WireClient, type Outcome } from "../harness/wire-client.js";
import { addUser, bytes, granted, lacksRules, refused } from "./rules.js";

const { READWRITE } = authpb.Permission_Type;
const { Auth, KV } = pb;
const folder = mkdtempSync(join(tmpdir(), "e2e-identities-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [privateFile, publicFile] = [join(folder, "token.key"), join(folder, "token.pub")];
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
writeFileSync(privateFile, privateKey.export({ type: "pkcs1", format: "pem" }));
writeFileSync(publicFile, publicKey.export({ type: "spki", format: "pem" }));

/** A token as others than the member make it. @param livesSeconds below zero: it has ended */
function signToken(username: string, revision: bigint, livesSeconds: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { username, revision: Number(revision), exp: Math.floor(Date.now() / 1000) + livesSeconds };
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(text), privateKey);
  return `${text}.${signature.toString("base64url")}`;
}

const clients: WireClient[] = [];
afterAll(() => clients.forEach((each) => each.close()));

function connect(endpoint: string, token?: string): WireClient {
  const client = new WireClient(endpoint, token === undefined ? {} : { token });
  clients.push(client);
  return client;
}

/** root, who may everything, and alice, who may what begins with `a/`. */
async function enable(anybody: WireClient): Promise<void> {
  await anybody.demand(Auth.method.userAdd, { name: "root", password: "pw-root" });
  await anybody.demand(Auth.method.userGrantRole, { user: "root", role: "root" });
  await addUser(anybody, "alice", [["a/", "a0", READWRITE]]);
  await anybody.demand(Auth.method.authEnable, {});
}

const put = (client: WireClient): Promise<Outcome<pb.PutResponse>> =>
  client.call(KV.method.put, { key: bytes("a/1") });

const signedSuite = "signed tokens at a member";

describe.skipIf(lacksRules(signedSuite))(signedSuite, () => {
  const options = `jwt,sign-method=RS256,pub-key=${publicFile}`;
  const member = useMember({
    kind: subjectKind,
    flags: ["--bcrypt-cost=4", `--auth-token=${options},priv-key=${privateFile},ttl=10m`],
  });
  const verifier = useMember({ kind: subjectKind, flags: ["--bcrypt-cost=4", `--auth-token=${options}`] });
  let root: WireClient;

  const revision = async (client: WireClient): Promise<bigint> =>
    (await client.demand(Auth.method.authStatus, {})).authRevision;
  const logIn = async (name: string): Promise<WireClient> => {
    const request = { name, password: `pw-${name}` };
    const { token } = await connect(member().endpoint).demand(Auth.method.authenticate, request);
    return connect(member().endpoint, token);
  };

  beforeAll(async () => {
    await enable(connect(member().endpoint));
    await enable(connect(verifier().endpoint));
    root = await logIn("root");
  });

  it("rule 47: one that is older than a change of users is old, and a client that knows its password notices nothing", async () => {
    await using client = createClient({
      endpoints: member().endpoint,
      user: { name: "alice", password: "pw-alice" },
    });
    await client.put("a/1", "before");
    const alice = await logIn("alice");
    expect(await put(alice)).toMatchObject(granted);
    await root.demand(Auth.method.roleAdd, { name: "more" });
    expect(await put(alice)).toEqual(refused("auth-old-revision"));
    await client.put("a/1", "after");
    expect((await client.get("a/1"))?.value).toBe("after");
    expect(await put(await logIn("alice"))).toMatchObject(granted);
  });

  it("rule 47: one that has ended is none", async () => {
    const now = await revision(root);
    const { endpoint } = member();
    expect(await put(connect(endpoint, signToken("alice", now, 600)))).toMatchObject(granted);
    expect(await put(connect(endpoint, signToken("alice", now, -10)))).toEqual(refused("invalid-auth-token"));
  });

  it("rule 47: a member that has the public key alone takes others' tokens and gives none", async () => {
    const { endpoint } = verifier();
    const anybody = connect(endpoint);
    const token = signToken("alice", await revision(anybody), 600);
    expect(await put(connect(endpoint, token))).toMatchObject(granted);
    expect(await connect(endpoint, token).call(KV.method.put, { key: bytes("b/1") })).toEqual(
      refused("permission-denied"),
    );
    const login = { name: "alice", password: "pw-alice" };
    expect(await anybody.call(Auth.method.authenticate, login)).toEqual(refused("verify-only-key"));
  });

  it("rule 44: one of a user who is deleted permits nothing", async () => {
    root = await logIn("root");
    await addUser(root, "goner", [["a/", "a0", READWRITE]]);
    root = await logIn("root");
    await root.demand(Auth.method.userDelete, { name: "goner" });
    const token = signToken("goner", await revision(root), 600);
    expect(await put(connect(member().endpoint, token))).toEqual(refused("permission-denied"));
  });
});

const certificateSuite = "users by certificate at a member";

describe.skipIf(lacksRules(certificateSuite))(certificateSuite, () => {
  it("rules 36 and 44: who has no password is known by the name in the certificate, until the user is deleted", async () => {
    const authority = new AuthorityFiles(join(folder, "pki"));
    const server = authority.issue("server", "member", { hosts: ["127.0.0.1"] });
    const own = authority.issue("client", "nopass");
    const [place] = await findLoopbackPlaces(1);
    if (place === undefined) throw new Error("no place");
    const secured = `127.0.0.1:${await findFreePort()}`;
    const cluster = await prepareCluster([
      {
        kind: subjectKind,
        name: "m1",
        place,
        flags: [
          "--bcrypt-cost=4",
          `--listen-client-urls=http://127.0.0.1:${place.clientPort},https://${secured}`,
          "--client-cert-auth",
          `--cert-file=${server.cert}`,
          `--key-file=${server.key}`,
          `--trusted-ca-file=${authority.ca}`,
        ],
      },
    ]);
    await cluster.start();
    const { endpoint, client: anybody } = cluster.member("m1");
    await anybody.demand(Auth.method.userAdd, { name: "nopass", options: { noPassword: true } });
    await enable(anybody);
    const { token } = await anybody.demand(Auth.method.authenticate, { name: "root", password: "pw-root" });
    const root = connect(endpoint, token);
    await root.demand(Auth.method.userGrantRole, { user: "nopass", role: "alice" });

    await using nopass = createClient({
      endpoints: `https://${secured}`,
      tls: { ca: authority.ca, cert: own.cert, key: own.key },
    });
    await nopass.put("a/1", "by certificate");
    expect((await nopass.get("a/1"))?.value).toBe("by certificate");
    await expect(nopass.get("b/1")).rejects.toMatchObject({ reason: "permission-denied" });
    const login = { name: "nopass", password: "any" };
    expect(await anybody.call(Auth.method.authenticate, login)).toEqual(refused("no-password-user"));

    await root.demand(Auth.method.userDelete, { name: "nopass" });
    await expect(nopass.get("a/1")).rejects.toMatchObject({ reason: "permission-denied" });
  });
});
