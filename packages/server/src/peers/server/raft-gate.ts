/** What every request for raft passes first: the method, versions, the cluster, and getting to know the sender. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { formatHexId } from "@quorate/proto";
import { checkCompatibility, readSender } from "../identity.js";
import type { StreamHost } from "../transport.js";
import { allowMethod, sendErrorAndClose, sendJsonError } from "./answers.js";
import type { Reception } from "../../member/peer-ports.js";

/** @returns false when the request has been answered. */
export function passRaftGate(host: StreamHost, request: IncomingMessage, response: ServerResponse): boolean {
  if (!allowMethod(request, response, "POST")) return false;
  response.setHeader("X-Etcd-Cluster-ID", formatHexId(host.identity.clusterId));
  if (!passCompatibility(host, request, response)) return false;
  addSender(host, request);
  return true;
}

/** @returns false when the request has been answered, or its connection ended. */
export function passCompatibility(
  host: StreamHost,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const compatibility = checkCompatibility(request.headers, host.identity);
  if (compatibility === "compatible") return true;
  if (compatibility === "unparsable") request.destroy();
  else sendErrorAndClose(response, 412, compatibility);
  return false;
}

/** A sender that is no peer yet can be answered from now on. */
export function addSender(host: StreamHost, request: IncomingMessage): void {
  const sender = readSender(request.headers);
  if (sender !== undefined && !host.hasPeer(sender.id)) host.addRemote(sender.id, sender.urls);
}

/**
 * Answers for raft's part. 403 makes a sender of etcd shut itself down, so it is given to those who were removed alone. etcd
 * gives it to senders of messages for another member as well, which ends healthy members when a removed one is started at a URL that has
 * been given to its successor.
 * @param failure words for what else went wrong.
 */
export function sendReception(response: ServerResponse, reception: Reception, failure: string): void {
  switch (reception) {
    case "accepted":
      response.statusCode = 204;
      response.end();
      return;
    case "removed-member":
      sendJsonError(response, 403, "cannot process message from removed member");
      return;
    case "mismatched-member":
      sendErrorAndClose(response, 412, "to field mismatch");
      return;
    case "failed":
      sendErrorAndClose(response, 500, failure);
      return;
  }
}
