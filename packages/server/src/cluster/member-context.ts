/** Members as the contexts of configuration changes carry them: byte for byte what Go members write, so that logs are alike. */
import { formatMember } from "@quorate/machine";
import type { MembershipRequest } from "../api/ports/cluster-port.js";
import type { ConfChangeWish } from "./ports.js";

/** @param id of the member that is meant; for an addition the new one. Source: raft-peers-formats 4.4. */
export function toConfChange(request: MembershipRequest, id: bigint): ConfChangeWish {
  switch (request.kind) {
    case "add":
      return {
        kind: request.isLearner ? "add-learner" : "add-node",
        nodeId: id,
        context: formatContext(id, { peerUrls: request.peerUrls, isLearner: request.isLearner }),
      };
    case "remove":
      return { kind: "remove-node", nodeId: id, context: "" };
    case "update":
      // The learner flag stays out: only the URLs are replaced, whatever older members would make of the rest.
      return { kind: "update-node", nodeId: id, context: formatContext(id, { peerUrls: request.peerUrls }) };
    case "promote":
      return {
        kind: "add-node",
        nodeId: id,
        context: formatContext(id, { peerUrls: [], isPromote: true }),
      };
  }
}

interface ContextFields {
  readonly peerUrls: readonly string[];
  readonly isLearner?: boolean;
  readonly isPromote?: boolean;
}

function formatContext(
  id: bigint,
  { peerUrls, isLearner = false, isPromote = false }: ContextFields,
): string {
  return formatMember({ id, peerUrls, isLearner, name: "", clientUrls: [], isPromote });
}
