/** What other members ask about the cluster: its members, versions, hashes. Source: reference raft-peers-formats 3.9 to 3.12. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { formatHexId } from "@quorate/proto";
import type { MemberFailure } from "../../api/member-port.js";
import { errorText } from "../http-request.js";
import { headerText } from "../identity.js";
import { HASHKV_BODY_BYTES_MAX } from "../limits.js";
import type { PeerLocalPort } from "../local-port.js";
import { encodeMembers } from "../members-json.js";
import { readText } from "../read-body.js";
import { allowMethod, sendBody, sendError, sendErrorAndClose, sendJsonError } from "./answers.js";

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const PROMOTE_PREFIX = "/members/promote/";
const MEMBER_ID_MAX = 0xffff_ffff_ffff_ffffn;

export function handleVersion(local: PeerLocalPort, { request, response }: Call): void {
  if (!allowMethod(request, response, "GET")) return;
  const versions = {
    etcdserver: local.serverVersion,
    etcdcluster: local.clusterVersion() ?? "not_decided",
    storage: local.storageVersion() ?? "unknown",
  };
  sendBody(response, "application/json", JSON.stringify(versions));
}

export function handleMembers(local: PeerLocalPort, { request, response }: Call): void {
  if (!allowMethod(request, response, "GET")) return;
  nameCluster(local, response);
  sendBody(response, "application/json", `${encodeMembers(local.members())}\n`);
}

export async function handlePromote(
  local: PeerLocalPort,
  path: string,
  { request, response }: Call,
): Promise<void> {
  if (!allowMethod(request, response, "POST")) return;
  nameCluster(local, response);
  const idText = path.slice(PROMOTE_PREFIX.length);
  const id = /^\d{1,20}$/.test(idText) ? BigInt(idText) : undefined;
  if (id === undefined || id > MEMBER_ID_MAX) {
    return sendError(response, 404, `member ${idText} not found in cluster`);
  }
  const answer = await local.promote(id, headerText(request.headers, "authorization"));
  if (answer.kind === "done") {
    sendBody(response, "application/json", `${encodeMembers(answer.members)}\n`);
  } else sendPromoteFailure(response, answer.failure);
}

/** The asking member tells failures apart by status and words. */
function sendPromoteFailure(response: ServerResponse, failure: MemberFailure): void {
  switch (failure) {
    case "member-not-found":
      return sendError(response, 404, "membership: ID not found");
    case "member-not-learner":
      return sendError(response, 412, "membership: can only promote a learner member");
    case "learner-not-ready":
      return sendError(
        response,
        412,
        "etcdserver: can only promote a learner member which is in sync with leader",
      );
    default:
      return sendJsonError(response, 500, "Internal Server Error");
  }
}

export async function handleHashKv(local: PeerLocalPort, { request, response }: Call): Promise<void> {
  if (!allowMethod(request, response, "GET")) return;
  const clusterId = headerText(request.headers, "x-etcd-cluster-id");
  if (clusterId !== undefined && clusterId !== formatHexId(local.clusterId)) {
    return sendErrorAndClose(response, 412, "cluster ID mismatch");
  }
  let text: string;
  try {
    text = await readText(request, HASHKV_BODY_BYTES_MAX);
  } catch {
    return sendErrorAndClose(response, 400, "error reading body");
  }
  const revision = readRevision(text);
  if (revision === undefined) return sendError(response, 400, "error unmarshalling request");
  const answer = await local.hashKv(revision);
  if (answer === "compacted") {
    return sendError(response, 400, "mvcc: required revision has been compacted");
  }
  if (answer === "future-revision") {
    return sendError(response, 400, "mvcc: required revision is a future revision");
  }
  nameCluster(local, response);
  const body = {
    header: answer.revision === 0 ? {} : { revision: answer.revision },
    ...(answer.hash !== 0 && { hash: answer.hash }),
    ...(answer.compactRevision !== 0 && { compact_revision: answer.compactRevision }),
    ...(answer.hashRevision !== 0 && { hash_revision: answer.hashRevision }),
  };
  sendBody(response, "application/json", JSON.stringify(body));
}

/** `{"revision":N}`, where nothing is 0, as for Go's decoder. @returns undefined when the text is not that. */
function readRevision(text: string): number | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (value === null) return 0;
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  const revision = (value as { revision?: unknown }).revision ?? 0;
  return typeof revision === "number" && Number.isInteger(revision) ? revision : undefined;
}

export async function handleDowngradeEnabled(
  local: PeerLocalPort,
  { request, response }: Call,
): Promise<void> {
  if (!allowMethod(request, response, "GET")) return;
  nameCluster(local, response);
  let enabled: boolean;
  try {
    enabled = await local.downgradeEnabled();
  } catch (error) {
    return sendError(response, 500, `failed linearized read: ${errorText(error)}`);
  }
  sendBody(response, "text/plain", String(enabled));
}

function nameCluster(local: PeerLocalPort, response: ServerResponse): void {
  response.setHeader("X-Etcd-Cluster-ID", formatHexId(local.clusterId));
}
