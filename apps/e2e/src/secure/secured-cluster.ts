/** Clusters whose members speak TLS with one another, each with a certificate of its own. */
import { readFileSync } from "node:fs";
import type { MemberPlan } from "../cluster/test-cluster.js";
import type { PlacedMember } from "../faults/placed-member.js";
import type { AuthorityFiles, CertificateFiles } from "../harness/certificate-files.js";
import type { ServerKind } from "../harness/programs.js";

/** What a certificate has to name that comes from here. */
export const LOCAL: readonly string[] = ["127.0.0.1", "localhost"];
export const NAMES: readonly string[] = ["m1", "m2", "m3"];

export function securedPlan(kind: ServerKind, name: string, flags: readonly string[]): MemberPlan {
  return { kind, name, flags, peerScheme: "https" };
}

/** A certificate for the peer port and for dialling other members, and one of their authority demanded of them. */
export function peerFlags({ ca }: AuthorityFiles, { cert, key }: CertificateFiles): readonly string[] {
  return [
    `--peer-cert-file=${cert}`,
    `--peer-key-file=${key}`,
    `--peer-trusted-ca-file=${ca}`,
    "--peer-client-cert-auth",
  ];
}

/** `host:port` of other members. */
export function peerEndpoint({ place }: PlacedMember): string {
  return `${place.address}:${place.peerPort}`;
}

/** Why the member has sent away whom it has sent away, one text for each. */
export function rejections({ logFile }: PlacedMember): readonly string[] {
  return readFileSync(logFile, "utf8")
    .split("\n")
    .filter((line) => line.includes("rejected connection"));
}
