import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { alternativeNames } from "./client-certificate.js";
import { Authority } from "./testing/certificates.js";
import { createCertificate, formatSerial, readRevokedSerials } from "./x509.js";

test("certificates are what OpenSSL reads: names, addresses, times and who has signed", () => {
  const authority = new Authority("root");
  const hosts = ["example.com", "*.example.com", "10.1.2.3", "::1", "fe80::1:2", "2001:db8:0:1:2:3:4:5"];
  const certificate = new X509Certificate(authority.issue("alice", hosts).cert);
  const root = new X509Certificate(authority.cert);
  expect(certificate.subject).toBe("CN=alice");
  expect(certificate.verify(root.publicKey)).toBe(true);
  expect(certificate.checkIssued(root)).toBe(true);
  expect(root.ca).toBe(true);
  expect(certificate.ca).toBe(false);
  for (const address of ["10.1.2.3", "::1", "fe80::1:2", "2001:db8:0:1:2:3:4:5"])
    expect(certificate.checkIP(address)).toBe(address);
  expect(certificate.checkHost("x.example.com")).toBe("*.example.com");
  expect(alternativeNames(certificate)).toEqual({ dnsNames: ["example.com", "*.example.com"], ipCount: 4 });
});

test.each([
  ["2049-12-31T23:59:59Z", "Dec 31 23:59:59 2049 GMT"],
  ["2050-01-01T00:00:00Z", "Jan  1 00:00:00 2050 GMT"],
])("a certificate may end on %s", (date, shown) => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-521" });
  const name = { kind: "organization", text: "etcd" } as const;
  const facts = {
    serial: Buffer.from("ff01", "hex"),
    subject: name,
    notBefore: new Date(0),
    notAfter: new Date(date),
    hosts: [],
    isAuthority: true,
    isForServersOnly: true,
  };
  const certificate = new X509Certificate(createCertificate(facts, publicKey, { name, privateKey }));
  expect(certificate.validTo).toBe(shown);
  expect(certificate.serialNumber).toBe("FF01");
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
});

test("a list of revoked certificates gives their numbers", () => {
  const authority = new Authority("root");
  expect([...readRevokedSerials(authority.revoke([]))]).toEqual([]);
  expect([...readRevokedSerials(authority.revoke(["00ab", "ff"]))]).toEqual(["ab", "ff"]);
  expect(formatSerial("00AB")).toBe("ab");
});

test("what is no list of revoked certificates is refused, whatever was done to it", () => {
  const der = new Authority("root").revoke(["0102", "0304"]);
  expect(() => readRevokedSerials(Buffer.from("nonsense"))).toThrow(RangeError);
  for (let length = 0; length < der.length; length++)
    expect(() => readRevokedSerials(der.subarray(0, length))).toThrow(RangeError);
  for (let at = 0; at < der.length; at++) {
    const damaged = Buffer.from(der);
    damaged[at] = (createHash("sha256").update(String(at)).digest()[0] ?? 0) ^ 0xff;
    // Either it is still a list, or the error says that it is none: nothing else comes out of it.
    try {
      expect(readRevokedSerials(damaged).size).toBeLessThanOrEqual(2);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  }
});
