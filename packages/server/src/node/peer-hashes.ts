/** Asks other members for the hashes of what they store. */
import { formatHexId } from "@quorate/proto";
import type { MemberRow } from "../api/member-port.js";
import type { PeerHash } from "../cluster/corruption-checks.js";
import type { ReportPort } from "../member/ports.js";
import { RemoteFailure } from "../peers/remote.js";
import type { RemotePort } from "./world.js";

export interface HashQuestion {
  /** Without the one that asks. */
  readonly members: readonly MemberRow[];
  readonly question: Parameters<RemotePort["fetchHashKv"]>[1];
  readonly fetchHashKv: RemotePort["fetchHashKv"];
  readonly report: ReportPort;
  /** For each URL. */
  readonly timeoutMs: number;
}

/** All at once, each at one of its URLs after the other. Never rejects. */
export function askPeerHashes(asked: HashQuestion): Promise<readonly PeerHash[]> {
  return Promise.all(asked.members.map((member) => askPeerHash(asked, member)));
}

async function askPeerHash(
  { question, fetchHashKv, report, timeoutMs }: HashQuestion,
  { id, peerUrls }: MemberRow,
): Promise<PeerHash> {
  let answer: PeerHash["answer"] = "the member has no URL";
  for (const url of peerUrls) {
    const found = await fetchHashKv(url, question, { timeoutMs });
    if (typeof found === "object" && !(found instanceof RemoteFailure))
      return { id, peerUrls, answer: found };
    answer = typeof found === "string" ? found : found.reason;
    report.warn("failed hash kv request", {
      "remote-peer-id": formatHexId(id),
      "requested-revision": question.revision,
      "remote-peer-endpoint": url,
      error: answer,
    });
  }
  return { id, peerUrls, answer };
}
