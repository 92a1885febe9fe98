/** `POST /raft` and `GET /raft/stream/...`. Source: reference raft-peers-formats 3.4 and 3.5. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { formatHexId, parseHexId } from "@quorate/proto";
import { isLocalMessage } from "@quorate/raft";
import { decodeWholeMessage, MalformedMessage } from "../codec/message-decoder.js";
import { headerText } from "../identity.js";
import { MESSAGE_BYTES_MAX } from "../limits.js";
import { readBody } from "../read-body.js";
import { isStreamKind } from "../stream-kind.js";
import type { StreamHost } from "../transport.js";
import { allowMethod, sendError, sendErrorAndClose } from "./answers.js";
import { addSender, passCompatibility, passRaftGate, sendReception } from "./raft-gate.js";

const STREAM_PREFIX = "/raft/stream/";

export async function handleRaftPost(
  host: StreamHost,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!passRaftGate(host, request, response)) return;
  let body: Buffer;
  try {
    body = await readBody(request, MESSAGE_BYTES_MAX);
  } catch {
    sendErrorAndClose(response, 400, "error reading raft message");
    return;
  }
  const message = decodeWholeMessage(body);
  if (message instanceof MalformedMessage) {
    sendError(response, 400, "error unmarshalling raft message");
    return;
  }
  const reception = isLocalMessage(message.type) ? "failed" : host.events.receive(message);
  sendReception(response, reception, "error processing raft message");
}

/** The order of the checks is part of the protocol. */
export function handleStream(
  host: StreamHost,
  path: string,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): void {
  if (!allowMethod(request, response, "GET")) return;
  const { identity, events } = host;
  response.setHeader("X-Server-Version", identity.serverVersion);
  response.setHeader("X-Etcd-Cluster-ID", formatHexId(identity.clusterId));
  if (!passCompatibility(host, request, response)) return;
  const [kind = "", fromText = "", ...rest] = path.slice(STREAM_PREFIX.length).split("/");
  if (!isStreamKind(kind) || rest.length > 0) return sendError(response, 404, "invalid path");
  const from = parseHexId(fromText);
  if (from === undefined) return sendError(response, 404, "invalid from");
  if (events.isRemoved(from)) return sendError(response, 410, "removed member");
  if (!host.hasPeer(from)) {
    addSender(host, request);
    return sendError(response, 404, "error sender not found");
  }
  const to = headerText(request.headers, "x-raft-to");
  if (to !== formatHexId(identity.memberId)) return sendError(response, 412, "to field mismatch");
  response.statusCode = 200;
  // The head goes at once: the dialler counts the stream as established by it. Without a length the body is chunked.
  response.flushHeaders();
  host.attach(from, kind, response);
}
