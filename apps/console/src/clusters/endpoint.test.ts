import { describe, expect, it } from "vitest";
import { normalizeEndpoint } from "./endpoint.js";

describe("endpoints", () => {
  it.each([
    ["127.0.0.1:2379", false, "http://127.0.0.1:2379"],
    ["db.example", false, "http://db.example:2379"],
    ["db.example:1", true, "https://db.example:1"],
    ["https://db.example:443", false, "https://db.example:443"],
    ["http://db.example/", true, "http://db.example:2379"],
    ["[::1]:2379", false, "http://[::1]:2379"],
    ["unix:/run/etcd.sock", true, "unix:/run/etcd.sock"],
  ])("%s (tls %s) is %s", (text, isTls, expected) => {
    expect(normalizeEndpoint(text, isTls)).toBe(expected);
  });

  it.each(["", "ftp://a:1", "http://", "a b:1", "http://user:secret@a:1"])("%j is none", (text) => {
    expect(() => normalizeEndpoint(text, false)).toThrow();
  });

  it("the complaint about credentials does not repeat them", () => {
    expect(() => normalizeEndpoint("http://user:secret@a:1", false)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") as string }) as Error,
    );
  });
});
