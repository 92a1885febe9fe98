import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { etcdctl, quoteShell, quoteTypeScript, sdkCall } from "./commands.js";
import { encodeUtf8 } from "./escape.js";

test.each([
  ["a plain path", "/app/config", "/app/config"],
  ["an empty value", "", "''"],
  ["blanks and quotes", "it's here", `'it'\\''s here'`],
  ["something that looks like a flag", "-n", "'-n'"],
  ["lines", "a\nb", "'a\nb'"],
])("a shell reads %s as it was", (_name, text, quoted) => {
  expect(quoteShell(encodeUtf8(text))).toBe(quoted);
});

test("bash gives back any bytes but NUL, which no argument can hold", () => {
  const samples = fc.sample(fc.uint8Array({ maxLength: 24, min: 1 }), { numRuns: 40, seed: 7 });
  const script = samples.map((bytes) => `printf %s ${quoteShell(bytes)} | od -An -v -tx1; echo =`).join("\n");
  const out = execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("=\n").slice(0, -1);
  expect(out.map((hex) => hex.replaceAll(/\s/g, ""))).toEqual(
    samples.map((bytes) => Buffer.from(bytes).toString("hex")),
  );
});

test("commands and calls carry flags and options", () => {
  expect(etcdctl("get", [encodeUtf8("/a b")], ["--rev=7"])).toBe("etcdctl get --rev=7 '/a b'");
  expect(etcdctl("get", [encodeUtf8("-a")])).toBe("etcdctl get -- '-a'");
  expect(sdkCall("get", [encodeUtf8("/a")], { revision: "7n" })).toBe(
    'await client.get("/a", { revision: 7n });',
  );
  expect(sdkCall("getAll", ['{ prefix: "/a/" }'])).toBe('await client.getAll({ prefix: "/a/" });');
  expect(quoteTypeScript(Uint8Array.from([0xff, 0]))).toBe('Buffer.from("ff00", "hex")');
});
