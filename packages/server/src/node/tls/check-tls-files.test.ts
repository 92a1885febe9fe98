import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ListenError } from "../listen-check.js";
import { checkTlsFiles } from "./check-tls-files.js";
import { Authority } from "./testing/certificates.js";

const folder = mkdtempSync(join(tmpdir(), "quorate-tls-files-"));
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  const authority = new Authority("check");
  const [one, other] = [authority.issue("one", ["127.0.0.1"]), authority.issue("other", [])];
  writeFileSync(path("ca.crt"), authority.cert);
  writeFileSync(path("one.crt"), one.cert);
  writeFileSync(path("one.key"), one.key);
  writeFileSync(path("other.key"), other.key);
  writeFileSync(path("words"), "root:x:0:0");
  writeFileSync(path("cut.crt"), `${one.cert.slice(0, 200)}\n-----END CERTIFICATE-----\n`);
  mkdirSync(path("folder"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Names {
  readonly cert?: string;
  readonly key?: string;
  readonly client?: readonly [string, string];
  readonly ca?: string;
}

const check = ({ cert = "", key = "", client = ["", ""], ca = "" }: Names): Promise<void> => {
  const full = (name: string): string => (name === "" ? "" : path(name));
  return checkTlsFiles({
    certFile: full(cert),
    keyFile: full(key),
    clientCertFile: full(client[0] ?? ""),
    clientKeyFile: full(client[1] ?? ""),
    trustedCaFile: full(ca),
  });
};

test("files that are what they should be, and none at all", async () => {
  await check({ cert: "one.crt", key: "one.key", client: ["one.crt", "one.key"], ca: "ca.crt" });
  await check({});
});

test.each<[Names, string]>([
  [{ cert: "none.crt", key: "one.key" }, "open DIR/none.crt: no such file or directory"],
  [{ cert: "folder", key: "one.key" }, "read DIR/folder: is a directory"],
  [{ cert: "words/x", key: "one.key" }, "open DIR/words/x: not a directory"],
  [{ cert: "words", key: "one.key" }, "DIR/words: tls: failed to find any PEM data in certificate input"],
  [{ cert: "cut.crt", key: "one.key" }, "DIR/cut.crt: x509: malformed certificate"],
  [{ cert: "one.crt", key: "one.crt" }, "DIR/one.crt: tls: failed to find any PEM data in key input"],
  [
    { cert: "one.crt", key: "other.key" },
    "tls: private key does not match public key: DIR/other.key, DIR/one.crt",
  ],
  [{ client: ["none", "none"] }, "open DIR/none: no such file or directory"],
  [{ ca: "one.key" }, "DIR/one.key: tls: failed to find any PEM data in certificate input"],
])("%j is refused by name", async (names, text) => {
  const error: unknown = await check(names).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ListenError);
  expect((error as Error).message).toBe(text.replaceAll("DIR", folder));
});
