/** Who is let in at the peer ports of running clusters: the same of etcd and of ours. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdserverpb } from "@quorate/proto";
import { afterAll, describe, expect, it } from "vitest";
import { prepareCluster, startCluster } from "../cluster/use-cluster.js";
import type { PlacedMember } from "../faults/placed-member.js";
import { AuthorityFiles, type CertificateFiles, type IssueOptions } from "../harness/certificate-files.js";
import { missesPrograms, type ServerKind } from "../harness/programs.js";
import { RevocationList } from "../harness/revocation-list.js";
import { LOCAL, NAMES, peerEndpoint, peerFlags, rejections, securedPlan } from "./secured-cluster.js";
import { curl, isLetIn, NO_ANSWER } from "./tls-probes.js";

const { put, range } = etcdserverpb.KV.method;
const { memberAdd } = etcdserverpb.Cluster.method;
const KEY: Uint8Array = Buffer.from("secured");
const CALL_MS_MAX = 10_000;
/** A newcomer that nobody answers gives up after some seconds. */
const END_MS_MAX = 60_000;

interface Rule {
  readonly flag: string;
  readonly member: { readonly commonName: string } & IssueOptions;
  readonly stranger: { readonly commonName: string } & IssueOptions;
}

const RULES: readonly Rule[] = [
  {
    flag: "--peer-cert-allowed-cn",
    member: { commonName: "allowed.example", hosts: LOCAL },
    stranger: { commonName: "other.example", hosts: LOCAL },
  },
  {
    flag: "--peer-cert-allowed-hostname",
    member: { commonName: "any", hosts: [...LOCAL, "allowed.example"] },
    stranger: { commonName: "any", hosts: [...LOCAL, "other.example"] },
  },
];

const folder = mkdtempSync(join(tmpdir(), "e2e-peer-tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const writes = async ({ client }: PlacedMember): Promise<boolean> =>
  (await client.call(put, { key: KEY }, CALL_MS_MAX)).ok;

function replace(shown: CertificateFiles, { cert, key }: CertificateFiles): void {
  copyFileSync(key, shown.key);
  copyFileSync(cert, shown.cert);
}

describe.each<ServerKind>(["etcd", "quorate"])("the peer ports of %s", (kind) => {
  const misses = missesPrograms(`TLS between members of ${kind}`, [kind]);
  const createAuthority = (name: string): AuthorityFiles =>
    new AuthorityFiles(join(folder, `${kind}-${name}`));

  it.skipIf(misses)(
    "let in who shows a certificate of their authority, and say nothing to those who speak plainly",
    async () => {
      const [authority, another] = [createAuthority("plain"), createAuthority("another")];
      const visitor = authority.issue("visitor", "visitor", { hosts: LOCAL });
      const stranger = another.issue("stranger", "stranger", { hosts: LOCAL });
      const cluster = await startCluster(
        NAMES.map((name) =>
          securedPlan(kind, name, peerFlags(authority, authority.issue(name, name, { hosts: LOCAL }))),
        ),
      );
      for (const member of cluster.members) {
        const endpoint = peerEndpoint(member);
        expect(await isLetIn(endpoint, authority, visitor), member.name).toBe(true);
        expect(await isLetIn(endpoint, authority, stranger), member.name).toBe(false);
        expect(await isLetIn(endpoint, authority, undefined), member.name).toBe(false);
        const plain = await curl(`http://${endpoint}/version`);
        expect(NO_ANSWER).toContain(plain.exitCode);
        expect(plain.stdout).toBe("");
        await expect
          .poll(() => rejections(member).join("\n"))
          .toContain("first record does not look like a TLS handshake");
        expect(await writes(member), member.name).toBe(true);
      }
      await cluster.waitUntilHealthy();
    },
  );

  it.skipIf(misses)(
    "keep out a newcomer whose certificate the list names, until it has another; others go on",
    async () => {
      const authority = createAuthority("crl");
      const list = new RevocationList(join(folder, `${kind}-crl`, "list"), authority);
      const flagsOf = (own: CertificateFiles): readonly string[] => [
        ...peerFlags(authority, own),
        `--peer-crl-file=${list.file}`,
      ];
      const own = NAMES.map((name) => authority.issue(name, name, { hosts: LOCAL }));
      const cluster = await startCluster(
        own.map((files, i) => securedPlan(kind, NAMES[i] ?? "", flagsOf(files))),
      );
      const shown = authority.issue("m4", "m4", { hosts: LOCAL });
      const founders = cluster.members;
      for (const member of founders)
        expect(await isLetIn(peerEndpoint(member), authority, shown), member.name).toBe(true);
      list.revoke(shown.cert);
      for (const member of founders) {
        expect(await isLetIn(peerEndpoint(member), authority, shown), member.name).toBe(false);
        await expect.poll(() => rejections(member).join("\n")).toMatch(/revoked/);
      }

      const newcomer = await cluster.create(securedPlan(kind, "m4", flagsOf(shown)));
      const { client } = await cluster.leader();
      // Members count as connected after some seconds only.
      await expect
        .poll(async () => (await client.call(memberAdd, { peerURLs: [newcomer.peerUrl] })).ok)
        .toBe(true);
      newcomer.start(cluster.bootstrap("existing"));
      newcomer.allowToEnd();
      await newcomer.waitUntilEnded(END_MS_MAX);
      expect(newcomer.exitCode).toBe(1);
      expect(newcomer.logTail()).toContain("could not retrieve cluster information from the given URLs");
      for (const member of founders) expect(await writes(member), member.name).toBe(true);

      replace(shown, authority.issue("m4-again", "m4", { hosts: LOCAL }));
      newcomer.start();
      await cluster.waitUntilHealthy();
      cluster.expectNoDeaths();
    },
  );

  it.skipIf(misses).each(RULES)(
    "keep out a founder whose name $flag leaves out, until its certificate is replaced; others go on",
    async ({ flag, member: allowed, stranger }) => {
      const authority = createAuthority(flag.replaceAll("-", ""));
      const issue = (file: string, { commonName, hosts = [] }: Rule["member"]): CertificateFiles =>
        authority.issue(file, commonName, { hosts });
      const [m1, m2, shown] = [issue("m1", allowed), issue("m2", allowed), issue("m3", stranger)];
      const cluster = await prepareCluster(
        [m1, m2, shown].map((own, i) =>
          securedPlan(kind, NAMES[i] ?? "", [
            ...peerFlags(authority, own),
            // Who is kept out would keep others out as well, if it had the flag.
            ...(own === shown ? [] : [`${flag}=allowed.example`]),
          ]),
        ),
      );
      const founders = ["m1", "m2"].map((name) => cluster.member(name));
      const kept = cluster.member("m3");
      for (const member of cluster.members) member.start(cluster.bootstrap("new"));
      for (const member of founders) await expect.poll(() => writes(member)).toBe(true);
      for (const member of founders)
        await expect
          .poll(() => rejections(member).join("\n"))
          .toContain("client certificate authentication failed");
      expect((await kept.client.call(range, { key: KEY }, CALL_MS_MAX)).ok).toBe(false);
      expect(kept.isRunning).toBe(true);

      replace(shown, issue("m3-again", allowed));
      await cluster.waitUntilHealthy();
      expect(await writes(kept)).toBe(true);
      cluster.expectNoDeaths();
    },
  );
});
