/** Figures over TLS: which certificate serves them, and which does not. Numbers are those of operations-situations.md. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { AuthorityFiles } from "../harness/certificate-files.js";
import { findFreePort } from "../harness/free-port.js";
import { Member } from "../harness/member.js";
import { findProgram, missesPrograms, type ServerKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import { LOCAL, peerFlags } from "./secured-cluster.js";
import { curl } from "./tls-probes.js";

const END_MS_MAX = 60_000;
const SAID = /client TLS key\/cert \(--cert-file, --key-file\) must be provided for metrics secure url/;
/** Older releases say so when they have started already. */
const SAID_BY_ETCD = new RegExp(`${SAID.source}|KeyFile and CertFile are not presented`);

const folder = mkdtempSync(join(tmpdir(), "e2e-metrics-port-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each<ServerKind>(["etcd", "quorate"])("figures of %s over TLS", (kind) => {
  const misses = missesPrograms(`figures of ${kind} over TLS`, [kind]);

  it.skipIf(misses)(
    "rule 19: are not served with a certificate of peers; the start ends with 1",
    async () => {
      const program = findProgram(kind);
      if (program === undefined) throw new Error(`${kind} is not on this machine`);
      const authority = new AuthorityFiles(join(folder, `${kind}-peers`));
      const own = authority.issue("m1", "m1", { hosts: LOCAL });
      const [client, peer, figures] = await Promise.all([findFreePort(), findFreePort(), findFreePort()]);
      const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `https://127.0.0.1:${peer}`];
      const { exitCode, stdout, stderr } = await runCommand(
        program.command,
        [
          ...program.leadingArguments,
          "--name=m1",
          `--data-dir=${join(folder, `${kind}-data`)}`,
          `--listen-client-urls=${clientUrl}`,
          `--advertise-client-urls=${clientUrl}`,
          `--listen-peer-urls=${peerUrl}`,
          `--initial-advertise-peer-urls=${peerUrl}`,
          `--initial-cluster=m1=${peerUrl}`,
          `--listen-metrics-urls=https://127.0.0.1:${figures}`,
          "--logger=zap",
          ...peerFlags(authority, own),
        ],
        { timeoutMs: END_MS_MAX },
      );
      expect(stdout + stderr).toMatch(kind === "etcd" ? SAID_BY_ETCD : SAID);
      expect(exitCode).toBe(1);
    },
  );

  it.skipIf(misses)("are served with a certificate for clients, and not plainly", async () => {
    const authority = new AuthorityFiles(join(folder, `${kind}-clients`));
    const { cert, key } = authority.issue("server", "server", { hosts: LOCAL });
    const figures = `127.0.0.1:${await findFreePort()}`;
    const member = await Member.start({
      kind,
      flags: [`--cert-file=${cert}`, `--key-file=${key}`, `--listen-metrics-urls=https://${figures}`],
    });
    onTestFinished((context) => {
      if (context.task.result?.state === "fail") member.keepLog();
      return member.dispose();
    });
    const { stdout } = await curl("--cacert", authority.ca, `https://${figures}/metrics`);
    expect(stdout).toMatch(/^etcd_server_has_leader 1$/m);
    expect((await curl(`http://${figures}/metrics`)).stdout).not.toContain("etcd_server_has_leader");
  });
});
