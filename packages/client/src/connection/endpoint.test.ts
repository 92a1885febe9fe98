import { describe, expect, test } from "vitest";
import { parseEndpoint } from "./endpoint.js";

describe("parseEndpoint", () => {
  test.each([
    ["localhost:2379", { address: "localhost:2379", isUnix: false, isSecure: undefined }],
    ["localhost", { address: "localhost:2379", isUnix: false, isSecure: undefined }],
    ["http://10.0.0.1:1234/", { address: "10.0.0.1:1234", isUnix: false, isSecure: false }],
    ["https://etcd.example", { address: "etcd.example:2379", isUnix: false, isSecure: true }],
    ["[::1]:2379", { address: "[::1]:2379", isUnix: false, isSecure: undefined }],
    ["fe80::1%eth0", { address: "[fe80::1%eth0]:2379", isUnix: false, isSecure: undefined }],
    ["::ffff:10.0.0.1", { address: "[::ffff:10.0.0.1]:2379", isUnix: false, isSecure: undefined }],
    ["::1", { address: "[::1]:2379", isUnix: false, isSecure: undefined }],
    ["unix:///run/q.sock", { address: "/run/q.sock", isUnix: true, isSecure: false }],
    ["unixs:q.sock", { address: "q.sock", isUnix: true, isSecure: true }],
  ])("%s", (text, expected) => expect(parseEndpoint(text)).toEqual(expected));

  const wrong = [
    "",
    " ",
    "http://",
    "unix:",
    "a b:1",
    "http://user@host:1",
    "a:1,b:2",
    "a:port",
    "a:",
    "a:1:2",
    "[::1",
    "x::1",
  ];
  test.each(wrong)("%j is refused", (text) => expect(() => parseEndpoint(text)).toThrow(TypeError));
});
