/** The versions this build claims and is. */

/** The line of etcd whose protocols, log and storage semantics are implemented; peers and clients compare it. */
export const ETCD_VERSION = "3.7.0";
/** Our own version. */
export const QUORATE_VERSION = "0.1.0";

/** What `--version` prints: etcd's four lines, which scripts parse, in its order. */
export function versionText(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  return [
    `etcd Version: ${ETCD_VERSION}`,
    `Git SHA: quorate-${QUORATE_VERSION}`,
    `Go Version: node ${process.version}`,
    `Go OS/Arch: ${process.platform}/${architecture}`,
    "",
  ].join("\n");
}
