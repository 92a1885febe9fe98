/** TLS of the client port at running members, as the flags say, to OpenSSL, curl and etcdctl: the same of etcd and of ours. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { AuthorityFiles, type CertificateFiles } from "../harness/certificate-files.js";
import { findFreePort } from "../harness/free-port.js";
import { Member } from "../harness/member.js";
import { findProgram, missesPrograms, type ServerKind } from "../harness/programs.js";
import { RevocationList } from "../harness/revocation-list.js";
import { runCommand, type CommandResult } from "../harness/run-command.js";
import { COMMAND_MS_MAX, curl, handshake, isLetIn, NO_ANSWER } from "./tls-probes.js";

const LOCAL = ["127.0.0.1", "localhost"];

const folder = mkdtempSync(join(tmpdir(), "e2e-tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Place {
  readonly member: Member;
  /** host:port where TLS is spoken; the member's own endpoint is plain. */
  readonly secured: string;
}

async function start(kind: ServerKind, flags: readonly string[]): Promise<Place> {
  const secured = `127.0.0.1:${await findFreePort()}`;
  const member = await Member.start({ kind, flags, moreClientUrls: [`https://${secured}`] });
  onTestFinished((context) => {
    if (context.task.result?.state === "fail") member.keepLog();
    return member.dispose();
  });
  return { member, secured };
}

async function etcdctl(...args: string[]): Promise<CommandResult> {
  const program = findProgram("etcdctl");
  if (program === undefined) throw new Error("no etcdctl");
  const env = { ...process.env, ETCDCTL_API: "3" };
  return runCommand(program.command, ["--dial-timeout=1s", "--command-timeout=2s", ...args], {
    env,
    timeoutMs: COMMAND_MS_MAX,
  });
}

describe.each<ServerKind>(["etcd", "quorate"])("the client port of %s", (kind) => {
  const suite = `TLS of ${kind}`;
  const misses = missesPrograms(suite, [kind, "etcdctl"]);
  const create = (name: string): [AuthorityFiles, CertificateFiles] => {
    const authority = new AuthorityFiles(join(folder, `${kind}-${name}`));
    return [authority, authority.issue("server", "server", { hosts: LOCAL })];
  };
  const server = ({ cert, key }: CertificateFiles): string[] => [`--cert-file=${cert}`, `--key-file=${key}`];

  it.skipIf(misses)("keeps out a certificate from the moment that the list names it", async () => {
    const [authority, own] = create("crl");
    const [alice, bob] = ["alice", "bob"].map((name) => authority.issue(name, name)) as [
      CertificateFiles,
      CertificateFiles,
    ];
    const list = new RevocationList(join(folder, `${kind}-crl`, "list"), authority);
    const place = await start(kind, [
      ...server(own),
      "--client-cert-auth",
      `--trusted-ca-file=${authority.ca}`,
      `--client-crl-file=${list.file}`,
    ]);
    expect([
      await isLetIn(place.secured, authority, alice),
      await isLetIn(place.secured, authority, bob),
    ]).toEqual([true, true]);
    list.revoke(bob.cert);
    expect([
      await isLetIn(place.secured, authority, alice),
      await isLetIn(place.secured, authority, bob),
    ]).toEqual([true, false]);
  });

  it.skipIf(misses)(
    "lets in the names that are allowed, and asks for a certificate of its own authority",
    async () => {
      const [authority, own] = create("names");
      const stranger = new AuthorityFiles(join(folder, `${kind}-stranger`)).issue("x", "x", {
        hosts: ["good.example"],
      });
      const good = authority.issue("good", "client", { hosts: ["good.example"] });
      const bad = authority.issue("bad", "client", { hosts: ["bad.example"] });
      const place = await start(kind, [
        ...server(own),
        "--client-cert-auth",
        `--trusted-ca-file=${authority.ca}`,
        "--client-cert-allowed-hostname=good.example",
      ]);
      const seen = [];
      for (const each of [good, bad, stranger]) seen.push(await isLetIn(place.secured, authority, each));
      expect(seen).toEqual([true, false, false]);
      expect(await isLetIn(place.secured, authority, undefined)).toBe(false);
    },
  );

  it.skipIf(misses)("shows a certificate that was replaced on disk from the next handshake on", async () => {
    const [authority] = create("rotation");
    const [first, second] = ["first", "second"].map((name) =>
      authority.issue(name, name, { hosts: LOCAL }),
    ) as [CertificateFiles, CertificateFiles];
    const shown = authority.issue("shown", "to be replaced", { hosts: LOCAL });
    const show = ({ cert, key }: CertificateFiles): void => {
      copyFileSync(key, shown.key);
      copyFileSync(cert, shown.cert);
    };
    show(first);
    const place = await start(kind, server(shown));
    expect(await handshake(place.secured)).toMatch(/CN ?= ?first/);
    show(second);
    await expect.poll(() => handshake(place.secured)).toMatch(/CN ?= ?second/);
  });

  it.skipIf(misses)("speaks the suites that it is told to, and nothing before TLS 1.2", async () => {
    const [, own] = create("suites");
    const place = await start(kind, [
      ...server(own),
      "--cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    ]);
    expect(await handshake(place.secured, "-tls1_2")).toMatch(/ECDHE-ECDSA-AES128-GCM-SHA256/);
    expect(await handshake(place.secured, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384")).toBe("");
    expect(await handshake(place.secured, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")).toBe("");
  });

  it.skipIf(misses)(
    "says nothing to those who speak plainly there, and serves others meanwhile and elsewhere",
    async () => {
      const [authority, own] = create("plain");
      const place = await start(kind, server(own));
      const plain = await curl(`http://${place.secured}/version`);
      expect(NO_ANSWER).toContain(plain.exitCode);
      const trusted = ["--cacert", authority.ca];
      const version = await curl(...trusted, `https://${place.secured}/version`);
      const elsewhere = await curl(...trusted, `http://${place.member.endpoint}/version`);
      expect(version.stdout).toContain('"etcdserver"');
      expect(elsewhere.stdout).toBe(version.stdout);
      const wrongWay = await curl(...trusted, `https://${place.member.endpoint}/version`);
      expect(wrongWay.exitCode).not.toBe(0);
    },
  );

  it.skipIf(misses)("makes itself a certificate when it is told to", async () => {
    const place = await start(kind, ["--auto-tls"]);
    const endpoints = `--endpoints=https://${place.secured}`;
    const put = await etcdctl(
      endpoints,
      "--insecure-skip-tls-verify",
      "--insecure-transport=false",
      "put",
      "auto",
      "1",
    );
    expect(put.stdout.trim()).toBe("OK");
    const verifying = await etcdctl(endpoints, "--insecure-transport=false", "get", "auto");
    expect(verifying.exitCode).not.toBe(0);
    const before = await handshake(place.secured);
    await place.member.stop();
    await place.member.restart();
    const fingerprint = (text: string): string | undefined => /Peer certificate: .*/.exec(text)?.[0];
    expect(fingerprint(await handshake(place.secured))).toBe(fingerprint(before));
  });
});
