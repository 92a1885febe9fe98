import { expect, test } from "vitest";
import { kubernetesSample } from "../../testing/fake-samples.js";
import { concatBytes } from "../../text/bytes.js";
import { encodeUtf8 } from "../../text/escape.js";
import { decodeKubernetes } from "./kubernetes.js";
import { jsonAsYaml, kubernetesAsYaml } from "./kubernetes-yaml.js";
import { guessMessage, readFields } from "./protobuf-fields.js";

function field(number: number, content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === "string" ? encodeUtf8(content) : content;
  return concatBytes(Uint8Array.of((number << 3) | 2, bytes.length), bytes);
}

test("a config map reads as its YAML", () => {
  expect(kubernetesAsYaml(kubernetesSample())).toBe(
    [
      "apiVersion: v1",
      "kind: ConfigMap",
      "metadata:",
      "  name: app-config",
      "  namespace: default",
      "  uid: 5f0c2d1e-8a57-4b7c-9d5c-0c2f6f6a1b11",
      "  creationTimestamp: 2026-09-21T14:13:20Z",
      "  labels:",
      "    app: shop",
      "data:",
      "  log.level: info",
      '  workers: "8"',
      "",
    ].join("\n"),
  );
});

test("a kind without names here still shows its metadata, and the rest by number", () => {
  const metadata = field(1, "blue");
  const raw = concatBytes(field(1, metadata), field(7, field(1, field(1, "inner"))), Uint8Array.of(0x40, 5));
  const type = concatBytes(field(1, "example.com/v1"), field(2, "Widget"));
  const value = concatBytes(encodeUtf8("k8s\0"), field(1, type), field(2, raw));
  const { object, note } = decodeKubernetes(value);
  expect(note).toMatch(/under their numbers/);
  expect(object).toEqual({
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name: "blue" },
    "field 7": { "field 1": { "field 1": "inner" } },
    "field 8": 5,
  });
});

test("the magic alone is not an object", () => {
  expect(decodeKubernetes(encodeUtf8("k8s\0\xff\xff")).note).toMatch(/only its magic/);
});

test("bytes that are no message are no fields, and repeated fields are a list", () => {
  expect(readFields(Uint8Array.of(0x0a, 0x05, 0x01))).toBeUndefined();
  expect(readFields(Uint8Array.of(0x07))).toBeUndefined();
  const fields = readFields(concatBytes(field(3, "a"), field(3, "b"), field(4, Uint8Array.of(0xff, 0))));
  expect(guessMessage(fields ?? [])).toEqual({ "field 3": ["a", "b"], "field 4": "base64:/wA=" });
});

test("JSON is spelled as YAML", () => {
  expect(jsonAsYaml(encodeUtf8('{"a":[1,"x: y"],"b":null}'))).toBe('a:\n  - 1\n  - "x: y"\nb: null\n');
});
