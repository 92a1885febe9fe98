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
import type { TlsOptions } from "./transport-options.js";

const OWN = { cert: CLIENT_CERTIFICATE, key: CLIENT_KEY };
const warnings: Error[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning);
let folder: TestFolder;
let secure: EmbeddedMember;
let plain: EmbeddedMember;
/** `host:port` of the member that asks for certificates. */
let address: string;
let port: string;

beforeAll(async () => {
  process.on("warning", onWarning);
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
  process.off("warning", onWarning);
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
    // DEP0123: an address is no name to ask a server for.
    expect(warnings).toEqual([]);
  });

  test("an address that the certificate does not have", async () => {
    const tls = { ca: AUTHORITY, ...OWN, serverName: "10.1.2.3" };
    await using client = connect({ endpoints: `https://${address}`, tls, timeoutMs: 1_000 });
    await expect(client.put("by", "nobody")).rejects.toMatchObject({
      name: "UnavailableError",
      message: expect.stringMatching(/10\.1\.2\.3 is not in the cert's list/) as string,
    });
    expect(warnings).toEqual([]);
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

  test.each([{}, { user: { name: "root", password: "secret" } }])(
    "why a server is not trusted is told, also to whoever logs in first (%j)",
    async (user) => {
      await using client = connect({ endpoints: `https://${address}`, tls: OWN, timeoutMs: 1_500, ...user });
      await expect(client.put("by", "nobody")).rejects.toMatchObject({
        name: "UnavailableError",
        message: expect.stringMatching(/certificate/) as string,
      });
    },
  );

  const cutOff = AUTHORITY.split("\n").slice(0, -3).join("\n");
  const garbled = AUTHORITY.replace(/\nM.{40}/, `\n${"A".repeat(41)}`);
  test.each<[string, TlsOptions, string | RegExp]>([
    ["a certificate without its key", { cert: CLIENT_CERTIFICATE }, "tls.cert needs its key"],
    ["a key without its certificate", { key: CLIENT_KEY }, "tls.key needs its certificate"],
    ["an authority that is cut off", { ca: cutOff }, "tls.ca can't be read"],
    ["an authority that is garbled", { ca: garbled }, "tls.ca can't be read"],
    ["one of several authorities", { ca: `${AUTHORITY}\n${cutOff}` }, "tls.ca can't be read"],
    ["bytes that are none", { ca: new Uint8Array([1, 2, 3]) }, "tls.ca can't be read"],
    ["a certificate that is none", { cert: CLIENT_KEY, key: CLIENT_KEY }, "tls.cert can't be read"],
    ["a key that is none", { cert: CLIENT_CERTIFICATE, key: CLIENT_CERTIFICATE }, "tls.key can't be read"],
    ["the key of another one", { cert: CLIENT_CERTIFICATE, key: SERVER_KEY }, /key values mismatch/],
    ["a path of nothing", { ca: "/missing/ca.crt" }, "ENOENT"],
  ])("what can't be used is told at once: %s", (_, tls, text) => {
    expect(() => connect({ endpoints: `https://${address}`, tls })).toThrow(text);
  });

  test("several authorities, with remarks between them", async () => {
    const ca = `Other\n=====\n${SERVER_CERTIFICATE}\n\nOurs\n====\n${AUTHORITY}\n`;
    await using client = connect({ endpoints: `https://${address}`, tls: { ca, ...OWN } });
    expect((await client.get("by"))?.value).toBeDefined();
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
