/**
 * The cluster's requests in the form that members before 3.5 know. Those stop at the form of today, and members from 3.7 on stop at the
 * old one, so it depends on who is there. Source: raft-peers-formats 4.5.
 */
import { encodeV2Put } from "@quorate/machine";
import { formatHexId } from "@quorate/proto";
import { compareVersions, lineOf, parseSemanticVersion } from "./semantic-version.js";
import type { ClusterRequest } from "./ports.js";

/** The first line whose members know the form of today. */
const NEW_FORM_SINCE = { major: 3, minor: 5, patch: 0 };

/** @param serverVersions of the members that have told theirs. */
export function needsOldForm(serverVersions: readonly string[]): boolean {
  return serverVersions.some((text) => {
    const version = parseSemanticVersion(text);
    return version !== undefined && compareVersions(lineOf(version), NEW_FORM_SINCE) < 0;
  });
}

/** @returns undefined for what old members have no word for. */
export function encodeOldRequest(request: ClusterRequest, requestId: bigint): Uint8Array | undefined {
  if ("clusterVersionSet" in request)
    return encodeV2Put(requestId, "/0/version", request.clusterVersionSet.ver);
  if (!("clusterMemberAttrSet" in request)) return undefined;
  const { memberID, memberAttributes } = request.clusterMemberAttrSet;
  const { name, clientUrls } = memberAttributes;
  return encodeV2Put(
    requestId,
    `/0/members/${formatHexId(memberID)}/attributes`,
    JSON.stringify({ name, clientURLs: clientUrls }),
  );
}
