/** What curl and OpenSSL see of a port where TLS is spoken, whoever listens there. */
import type { AuthorityFiles, CertificateFiles } from "../harness/certificate-files.js";
import { runCommand, type CommandResult } from "../harness/run-command.js";

export const COMMAND_MS_MAX = 20_000;
/** What curl ends with when the other side says nothing, or hangs up. */
export const NO_ANSWER: readonly number[] = [52, 56];

export const curl = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand("curl", ["-s", "--max-time", "10", ...args], { timeoutMs: COMMAND_MS_MAX });

/**
 * Not asked of the gateway, which in etcd is a client with the server's certificate.
 * @param secured host:port @param own is shown, if there is one
 * @returns whether a handshake leads to an answer.
 */
export async function isLetIn(
  secured: string,
  { ca }: AuthorityFiles,
  own: CertificateFiles | undefined,
): Promise<boolean> {
  const shown = own === undefined ? [] : ["--cert", own.cert, "--key", own.key];
  // At its peer port etcd agrees to HTTP/2, and does not speak it.
  const { exitCode, stdout } = await curl(
    ...["--http1.1", "--cacert", ca, ...shown, `https://${secured}/version`],
  );
  return exitCode === 0 && stdout.includes("etcdserver");
}

/**
 * The other side of a handshake as OpenSSL sees it; empty when there was none.
 * @param secured host:port @param args further arguments of `openssl s_client`
 */
export async function handshake(secured: string, ...args: readonly string[]): Promise<string> {
  const result = await runCommand(
    "openssl",
    ["s_client", "-connect", secured, "-brief", "-ign_eof", ...args],
    { stdin: "Q\n", timeoutMs: COMMAND_MS_MAX },
  );
  const text = `${result.stdout}${result.stderr}`;
  return text.includes("CONNECTION ESTABLISHED") ? text : "";
}
