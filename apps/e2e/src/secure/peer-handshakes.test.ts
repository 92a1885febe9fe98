/** How members speak with one another where they are told so: versions of TLS, and certificates of their own making. */
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { etcdserverpb } from "@quorate/proto";
import { afterAll, describe, expect, it } from "vitest";
import { startCluster } from "../cluster/use-cluster.js";
import type { PlacedMember } from "../faults/placed-member.js";
import { AuthorityFiles } from "../harness/certificate-files.js";
import { findProgram, missesPrograms, type ServerKind } from "../harness/programs.js";
import { LOCAL, NAMES, peerEndpoint, peerFlags, securedPlan } from "./secured-cluster.js";
import { COMMAND_MS_MAX, curl, handshake, NO_ANSWER } from "./tls-probes.js";

const { put } = etcdserverpb.KV.method;
const KEY: Uint8Array = Buffer.from("spoken");

interface Version {
  readonly flag: string;
  readonly spoken: string;
  readonly name: RegExp;
  readonly refused: string;
}

const VERSIONS: readonly Version[] = [
  { flag: "--tls-min-version=TLS1.3", spoken: "-tls1_3", name: /TLSv1\.3/, refused: "-tls1_2" },
  { flag: "--tls-max-version=TLS1.2", spoken: "-tls1_2", name: /TLSv1\.2/, refused: "-tls1_3" },
];

const folder = mkdtempSync(join(tmpdir(), "e2e-peer-handshakes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Older releases of etcd speak whatever they can. */
function lacksVersions(kind: ServerKind): boolean {
  const program = findProgram(kind);
  if (kind !== "etcd" || program === undefined) return false;
  const { stdout, stderr } = spawnSync(program.command, ["--help"], {
    encoding: "utf8",
    timeout: COMMAND_MS_MAX,
  });
  const lacks = !`${stdout}${stderr}`.includes("--tls-min-version");
  if (lacks)
    console.warn("skipped: versions of TLS between members of etcd: this one has no --tls-min-version");
  return lacks;
}

/** What the peer port shows, whoever may have made it. */
function shownBy({ place }: PlacedMember): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: place.address, port: place.peerPort, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "nothing");
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

describe.each<ServerKind>(["etcd", "quorate"])("members of %s", (kind) => {
  const misses = missesPrograms(`handshakes between members of ${kind}`, [kind]);

  it.skipIf(misses || lacksVersions(kind)).each(VERSIONS)(
    "that have $flag speak with one another, and with nobody who has no version in common with them",
    async ({ flag, spoken, name, refused }) => {
      const authority = new AuthorityFiles(join(folder, `${kind}${flag}`));
      const visitor = authority.issue("visitor", "visitor", { hosts: LOCAL });
      const cluster = await startCluster(
        NAMES.map((each) =>
          securedPlan(kind, each, [
            ...peerFlags(authority, authority.issue(each, each, { hosts: LOCAL })),
            flag,
          ]),
        ),
      );
      const own = ["-cert", visitor.cert, "-key", visitor.key];
      for (const member of cluster.members) {
        expect(await handshake(peerEndpoint(member), spoken, ...own)).toMatch(name);
        expect(await handshake(peerEndpoint(member), refused, ...own)).toBe("");
        await member.client.demand(put, { key: KEY });
      }
      cluster.expectNoDeaths();
    },
  );

  it.skipIf(misses)(
    "that make their certificates themselves find one another, keep them, and speak with nobody plainly",
    async () => {
      const cluster = await startCluster(NAMES.map((name) => securedPlan(kind, name, ["--peer-auto-tls"])));
      const made = ({ dataFolder }: PlacedMember): string =>
        new X509Certificate(readFileSync(join(dataFolder, "fixtures", "peer", "cert.pem"))).fingerprint256;
      const before = cluster.members.map(made);
      expect(new Set(before).size).toBe(NAMES.length);
      expect(await Promise.all(cluster.members.map(shownBy))).toEqual(before);
      for (const member of cluster.members)
        expect(NO_ANSWER).toContain((await curl(`http://${peerEndpoint(member)}/version`)).exitCode);
      for (const member of cluster.members) {
        await member.stop();
        member.start();
        await cluster.waitUntilHealthy();
        await member.client.demand(put, { key: KEY });
      }
      expect(await Promise.all(cluster.members.map(shownBy))).toEqual(before);
      cluster.expectNoDeaths();
    },
  );
});
