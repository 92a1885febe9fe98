import { expect, test } from "vitest";
import { encodeOldRequest, needsOldForm } from "./old-requests.js";

test.each<[readonly string[], boolean]>([
  [[], false],
  [["3.7.1", "3.5.0"], false],
  [["3.7.0", "3.4.23"], true],
  [["not a version"], false],
])("members %j need the old form: %s", (versions, expected) => {
  expect(needsOldForm(versions)).toBe(expected);
});

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("latin1");

test("names and versions have their paths", () => {
  const attributes = { name: "m1", clientUrls: ["http://a:1"] };
  const publish = encodeOldRequest(
    { clusterMemberAttrSet: { memberID: 0xabcn, memberAttributes: attributes } },
    1n,
  );
  expect(text(publish)).toBe(
    '\x08\x01\x12\x03PUT\x1a\x19/0/members/abc/attributes\x22*{"name":"m1","clientURLs":["http://a:1"]}'.replace(
      "\x22*",
      `\x22${String.fromCharCode(JSON.stringify({ name: "m1", clientURLs: ["http://a:1"] }).length)}`,
    ),
  );
  const version = encodeOldRequest({ clusterVersionSet: { ver: "3.4.0" } }, 2n);
  expect(text(version)).toBe("\x08\x02\x12\x03PUT\x1a\x0a/0/version\x22\x053.4.0");
});

test("downgrades are unknown to them", () => {
  expect(encodeOldRequest({ downgradeInfoSet: { enabled: false, ver: "" } }, 1n)).toBeUndefined();
});
