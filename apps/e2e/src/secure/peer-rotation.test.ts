/** Certificates of members that are replaced on disk while their cluster serves: the same of etcd and of ours. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdserverpb } from "@quorate/proto";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import type { TestCluster } from "../cluster/test-cluster.js";
import { startCluster } from "../cluster/use-cluster.js";
import { AuthorityFiles, type CertificateFiles } from "../harness/certificate-files.js";
import { missesPrograms, type ServerKind } from "../harness/programs.js";
import { RevocationList } from "../harness/revocation-list.js";
import { LOCAL, NAMES, peerEndpoint, peerFlags, securedPlan } from "./secured-cluster.js";
import { handshake } from "./tls-probes.js";
import { WatchingPeer } from "./watching-peer.js";

const { put, range } = etcdserverpb.KV.method;
const { memberAdd } = etcdserverpb.Cluster.method;
const KEY: Uint8Array = Buffer.from("rotated");

const folder = mkdtempSync(join(tmpdir(), "e2e-peer-rotation-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The certificates of one member: those it had and has, and the files that it was told of. */
interface Rotated {
  readonly name: string;
  readonly first: CertificateFiles;
  readonly second: CertificateFiles;
  readonly shown: CertificateFiles;
}

describe.each<ServerKind>(["etcd", "quorate"])("certificates of members of %s", (kind) => {
  const misses = missesPrograms(`replaced certificates of ${kind}`, [kind]);

  it.skipIf(misses)(
    "are replaced while the cluster serves: who is dialled, who dials and who posts shows the new ones from then on",
    async () => {
      const authority = new AuthorityFiles(join(folder, kind));
      const list = new RevocationList(join(folder, kind, "list"), authority);
      const issue = (file: string): CertificateFiles => authority.issue(file, file, { hosts: LOCAL });
      const rotated = NAMES.map((name): Rotated => {
        const [first, second, shown] = [issue(`${name}-first`), issue(`${name}-second`), issue(name)];
        replace(shown, first);
        return { name, first, second, shown };
      });
      const cluster = await startCluster(
        rotated.map(({ name, shown }) =>
          securedPlan(kind, name, [...peerFlags(authority, shown), `--peer-crl-file=${list.file}`]),
        ),
      );
      const visitor = issue("visitor");
      const watching = await WatchingPeer.listen(authority, visitor);
      onTestFinished(() => watching.close());
      const { client } = await cluster.leader();
      const add = { peerURLs: [watching.url], isLearner: true };
      // Members count as connected after some seconds only.
      await expect.poll(async () => (await client.call(memberAdd, add)).ok).toBe(true);
      await expectAllShow(watching, "first");

      const writing = keepWriting(cluster);
      for (const { shown, second } of rotated) replace(shown, second);
      const own = ["-cert", visitor.cert, "-key", visitor.key];
      for (const { name } of rotated) {
        const look = (): Promise<string> => handshake(peerEndpoint(cluster.member(name)), ...own);
        await expect.poll(look).toMatch(new RegExp(`CN ?= ?${name}-second`));
      }
      await expectAllShow(watching, "second");
      const written = await writing.end();
      expect(written).toBeGreaterThan(0);
      expect((await client.demand(range, { key: KEY })).kvs[0]?.version).toBe(BigInt(written));

      // Nobody needs the old ones any more.
      for (const { first } of rotated) list.revoke(first.cert);
      for (const { name } of rotated) {
        await cluster.member(name).stop();
        cluster.member(name).start();
        await cluster.waitUntilHealthy();
      }
      cluster.expectNoDeaths();
    },
  );
});

/** The key first: what reads both in between has a pair that does not fit, and reads them again. */
function replace(shown: CertificateFiles, { cert, key }: CertificateFiles): void {
  copyFileSync(key, shown.key);
  copyFileSync(cert, shown.cert);
}

/** Waits until every member shows its certificate of this age; then none may show another on any way it has. */
async function expectAllShow(watching: WatchingPeer, age: "first" | "second"): Promise<void> {
  const wanted = NAMES.map((name) => `${name}-${age}`);
  const shownOn = (kind: "stream" | "post"): readonly string[] =>
    [
      ...new Set(watching.visits.filter((visit) => visit.kind === kind).map((visit) => visit.commonName)),
    ].sort();
  // The second time around nothing is left of the dials that had begun before.
  for (let round = 0; round < 2; round++) {
    watching.forget();
    await expect.poll(() => shownOn("stream")).toEqual(expect.arrayContaining(wanted));
  }
  watching.forget();
  await expect.poll(() => shownOn("stream").length).toBeGreaterThanOrEqual(NAMES.length);
  // Only the leader has something to post.
  await expect.poll(() => shownOn("post").length).toBeGreaterThan(0);
  expect(shownOn("stream")).toEqual(wanted);
  expect(wanted).toEqual(expect.arrayContaining([...shownOn("post")]));
}

/** Writes one key over and over. @returns a way to end that, which tells how often it was written and fails if it once was not. */
function keepWriting(cluster: TestCluster): { end(): Promise<number> } {
  let ends = false;
  const all = (async (): Promise<number> => {
    let count = 0;
    while (!ends) {
      for (const { client } of cluster.members) {
        await client.demand(put, { key: KEY });
        count += 1;
      }
    }
    return count;
  })();
  // A failure is told when the writing is ended.
  all.catch(() => undefined);
  return {
    end: () => {
      ends = true;
      return all;
    },
  };
}
