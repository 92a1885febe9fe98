import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "./base64.js";

const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe("base64", () => {
  test("is what everybody else writes, both ways", () => {
    const prng = new Prng(1);
    for (let size = 0; size < 100; size++) {
      const bytes = Uint8Array.from({ length: size }, () => prng.below(256));
      const text = Buffer.from(bytes).toString("base64");
      expect(Buffer.from(encodeBase64(bytes)).toString()).toBe(text);
      expect(decodeBase64(ascii(text))).toEqual(bytes);
    }
  });

  test("passes over line breaks", () => {
    expect(decodeBase64(ascii("YW\r\nJj\n"))).toEqual(ascii("abc"));
  });

  test.each(["YQ", "YQ=", "Y===", "YQ==YQ==", "Y Q=", "Y_-="])("%j is none", (text) => {
    expect(decodeBase64(ascii(text))).toBeUndefined();
  });
});
