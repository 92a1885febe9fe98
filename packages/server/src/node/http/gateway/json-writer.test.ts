import { create, etcdserverpb, fromBinary, mvccpb, toBinary, toJson, type DescMessage } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { ROUTES } from "./routes.js";
import { UnusualMessageError, writeJson } from "./json-writer.js";

const text = (schema: DescMessage, message: Uint8Array): string => [...writeJson(schema, message)].join("");
const expected = (schema: DescMessage, message: Uint8Array): unknown =>
  toJson(schema, fromBinary(schema, message), { useProtoFieldName: true });

const SCHEMAS = [...new Set([...ROUTES.values()].map(({ output }) => output))];

/** Bytes of a message with random fields, in order, as a serializer writes them. */
function randomMessage(schema: DescMessage, prng: Prng, depth: number): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const done = new Set<string>();
  for (const field of schema.fields) {
    if (prng.chance(0.3) || (field.oneof !== undefined && done.has(field.oneof.name))) continue;
    const count = field.fieldKind === "list" ? prng.below(4) : 1;
    const values = Array.from({ length: count }, () => randomValue(field, prng, depth)).filter(
      (value) => value !== undefined,
    );
    if (field.fieldKind === "list") message[field.localName] = values;
    else if (values.length === 0) continue;
    else if (field.oneof === undefined) message[field.localName] = values[0];
    else {
      message[field.oneof.localName] = { case: field.localName, value: values[0] };
      done.add(field.oneof.name);
    }
  }
  return message;
}

type Field = DescMessage["fields"][number];

function randomValue(field: Field, prng: Prng, depth: number): unknown {
  const { enum: values, message } = field;
  if (values !== undefined) return prng.pick(values.values).number;
  if (message !== undefined)
    return depth === 0 ? undefined : create(message, randomMessage(message, prng, depth - 1));
  const big = prng.pick([0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n]);
  switch (field.scalar) {
    case 3:
      return prng.chance(0.3) ? -big : big;
    case 4:
      return prng.chance(0.3) ? 2n ** 64n - 1n : big;
    case 5:
      return prng.pick([0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]);
    case 13:
      return prng.pick([0, 7, 2 ** 32 - 1]);
    case 8:
      return prng.chance(0.5);
    case 9:
      return prng.pick(["", "plain", 'quote " \\ \n \u2028', "\u00fcn\u00efc\u00f8d\u00e9 \ud83d\ude00"]);
    case 12:
      return Uint8Array.from({ length: prng.below(70) }, () => prng.below(256));
    default:
      throw new Error(`a scalar that no answer has yet: ${String(field.scalar)}`);
  }
}

test("every answer of the gateway reads as the library writes it", () => {
  const prng = new Prng(7);
  expect(SCHEMAS.length).toBeGreaterThan(30);
  for (const schema of SCHEMAS) {
    for (let i = 0; i < 40; i++) {
      const bytes = toBinary(schema, create(schema, randomMessage(schema, prng, 4)));
      expect(JSON.parse(text(schema, bytes)), schema.typeName).toEqual(expected(schema, bytes));
    }
  }
});

test("what is large comes in pieces", () => {
  const kvs = Array.from({ length: 2_000 }, (_, i) =>
    create(mvccpb.KeyValueSchema, { key: Buffer.from(`k${i}`), value: new Uint8Array(200), version: 1n }),
  );
  const schema = etcdserverpb.RangeResponseSchema;
  const bytes = toBinary(schema, create(schema, { header: { revision: 5n }, kvs, count: 2_000n }));
  const pieces = [...writeJson(schema, bytes)];
  expect(pieces.length).toBeGreaterThan(10);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(64 * 1024);
  expect(JSON.parse(pieces.join(""))).toEqual(expected(schema, bytes));
});

test("defaults that were written are left out, unknown fields too", () => {
  const schema = etcdserverpb.RangeResponseSchema;
  // more = false (field 3), count = 0 (field 4), and a field 99 of one byte.
  expect(text(schema, Uint8Array.of(0x18, 0, 0x20, 0, 0x98, 0x06, 1))).toBe("{}");
  // kvs = [{}] (field 2), then more = false.
  expect(text(schema, Uint8Array.of(0x12, 0, 0x18, 0, 0x20, 3))).toBe('{"kvs":[{}],"count":"3"}');
});

test("fields that are out of order are not guessed at", () => {
  const outOfOrder = Uint8Array.of(0x20, 3, 0x18, 1);
  expect(() => text(etcdserverpb.RangeResponseSchema, outOfOrder)).toThrow(UnusualMessageError);
});
