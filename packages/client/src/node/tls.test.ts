/** TLS, client certificates and unix sockets, of a real member, over either transport. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startMember, type EmbeddedMember } from "@quorate/server/embed";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../client.js";
import { TRANSPORTS } from "../testing/bench.js";
import {
  AUTHORITY,
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  SERVER_CERTIFICATE,
  SERVER_KEY,
} from "../testing/certificates.js";
import { makeTestFolder, type TestFolder } from "../testing/test-folder.js";
import { createClient, type CreateClientOptions } from "./create-client.js";

const OWN = { cert: CLIENT_CERTIFICATE, key: CLIENT_KEY };
let folder: TestFolder;
let secure: EmbeddedMember;
let plain: EmbeddedMember;
/** `host:port` of the member that asks for certificates. */
let address: string;
let port: string;

beforeAll(async () => {
  folder = await makeTestFolder("memory");
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder.path, name);
    await writeFile(path, content);
    return path;
  };
  const flags = {
    "cert-file": await file("server.crt", SERVER_CERTIFICATE),
    "key-file": await file("server.key", SERVER_KEY),
    "trusted-ca-file": await file("ca.crt", AUTHORITY),
    "client-cert-auth": "true",
  };
  await file("client.crt", CLIENT_CERTIFICATE);
  await file("client.key", CLIENT_KEY);
  secure = await startMember({
    dataDir: join(folder.path, "secure"),
    listenClientUrls: ["https://127.0.0.1:0", `unixs://${join(folder.path, "secure.sock")}`],
    flags,
  });
  plain = await startMember({
    dataDir: join(folder.path, "plain"),
    listenClientUrls: [`unix://${join(folder.path, "plain.sock")}`],
    advertiseClientUrls: ["http://127.0.0.1:1"],
  });
  address = (secure.clientUrls[0] ?? "").replace("https://", "");
  port = address.split(":")[1] ?? "";
});
afterAll(async () => {
  await Promise.all([secure.stop(), plain.stop()]);
  await folder.remove();
});

describe.each(TRANSPORTS)("over %s", (transport) => {
  const connect = (options: Omit<CreateClientOptions, "transport">): Client =>
    createClient({ timeoutMs: 5_000, ...options, transport });

  test("certificates as text, by address", async () => {
    await using client = connect({ endpoints: `https://${address}`, tls: { ca: AUTHORITY, ...OWN } });
    await client.put("by", "address");
    await using watch = client.watch("by");
    await watch.ready;
    expect((await client.get("by"))?.value).toBe("address");
  });

  test("certificates in files, by name, where the endpoint says nothing of TLS", async () => {
    const tls = {
      ca: join(folder.path, "ca.crt"),
      cert: join(folder.path, "client.crt"),
      key: join(folder.path, "client.key"),
    };
    await using client = connect({ endpoints: `localhost:${port}`, tls });
    await client.put("by", "name");
    expect((await client.get("by"))?.value).toBe("name");
  });

  test("another name than the endpoint's, if the certificate has it", async () => {
    const tls = { ca: AUTHORITY, ...OWN };
    await using client = connect({
      endpoints: `https://${address}`,
      tls: { ...tls, serverName: "member.test" },
    });
    await client.put("by", "other name");
    await using stranger = connect({
      endpoints: `https://${address}`,
      tls: { ...tls, serverName: "elsewhere.test" },
      timeoutMs: 1_000,
    });
    // Either says that it was not sent; which one depends on what the time ran out in.
    const error = await stranger.put("by", "nobody").catch((reason: unknown) => reason);
    expect(["UnavailableError", "DeadlineError"]).toContain((error as Error).name);
    expect((await client.get("by"))?.value).toBe("other name");
  });

  test("the user is the one whom the certificate names", async () => {
    await using client = connect({ endpoints: `https://${address}`, tls: { ca: AUTHORITY, ...OWN } });
    await client.auth.addRole("root");
    await client.auth.addUser("root", "secret");
    await client.auth.grantRole("root", "root");
    await client.auth.enable();
    try {
      await client.put("as", "root");
      expect((await client.get("as"))?.value).toBe("root");
    } finally {
      await client.auth.disable();
      await client.auth.deleteUser("root");
      await client.auth.deleteRole("root");
    }
  });

  test.each([
    ["a server that nobody vouches for", {}],
    ["no certificate where one is asked for", { ca: AUTHORITY }],
  ])("nothing is written over a connection with %s", async (_, tls) => {
    await using client = connect({ endpoints: `https://${address}`, tls, timeoutMs: 500 });
    const error = await client.put("written", "no").catch((reason: unknown) => reason);
    // With TLS 1.3 a client learns that it was refused after its first bytes: it can't always rule out that they arrived.
    expect(["UnavailableError", "DeadlineError", "UnknownOutcomeError"]).toContain((error as Error).name);
    await using known = connect({ endpoints: `https://${address}`, tls: { ca: AUTHORITY, ...OWN } });
    expect(await known.get("written")).toBeUndefined();
  });

  test("a certificate that can't be read is told at once", () => {
    const tls = { ca: join(folder.path, "missing.crt") };
    expect(() => connect({ endpoints: `https://${address}`, tls })).toThrow("ENOENT");
  });

  test("unix sockets", async () => {
    const path = join(folder.path, "plain.sock");
    for (const endpoint of [`unix:${path}`, `unix://${path}`]) {
      await using client = connect({ endpoints: endpoint });
      await client.put("by", endpoint);
      expect((await client.get("by"))?.value).toBe(endpoint);
    }
  });

  test("unix sockets with TLS", async () => {
    const endpoints = `unixs:${join(folder.path, "secure.sock")}`;
    await using client = connect({ endpoints, tls: { ca: AUTHORITY, ...OWN } });
    await client.put("by", "secure path");
    expect((await client.get("by"))?.value).toBe("secure path");
  });
});
