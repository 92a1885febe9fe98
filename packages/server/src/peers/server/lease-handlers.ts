/** `POST /leases` and `/leases/internal`: followers ask the leader about leases. Source: reference raft-peers-formats 3.11. */
import {
  create,
  etcdserverpb,
  fromBinary,
  leasepb,
  toBinary,
  type DescMessage,
  type MessageShape,
} from "@quorate/proto";
import { LEASE_APPLY_POLL_MS, LEASE_APPLY_WAIT_MS, LEASE_BODY_BYTES_MAX } from "../limits.js";
import type { PeerLocalPort } from "../local-port.js";
import { BodyTooLargeError, readBody } from "../read-body.js";
import { allowMethod, sendBody, sendError, sendErrorAndClose } from "./answers.js";
import type { Call } from "./member-handlers.js";

const NOT_FOUND = "lease not found";
const NOT_PRIMARY = "not a primary lessor";
const BEHIND = "waiting for node to catch up its applied index has timed out";

export async function handleLeaseRenewal(local: PeerLocalPort, call: Call): Promise<void> {
  const request = await readRequest(call, etcdserverpb.LeaseKeepAliveRequestSchema);
  if (request === undefined || !(await catchUp(local, call))) return;
  const ttl = await local.leases.renew(request.ID);
  if (ttl === "lease-not-found") return sendError(call.response, 404, NOT_FOUND);
  if (ttl === "not-primary-lessor") return sendError(call.response, 400, NOT_PRIMARY);
  const { LeaseKeepAliveResponseSchema: schema } = etcdserverpb;
  sendBody(
    call.response,
    "application/protobuf",
    toBinary(schema, create(schema, { ID: request.ID, TTL: ttl })),
  );
}

export async function handleLeaseLookup(local: PeerLocalPort, call: Call): Promise<void> {
  const request = await readRequest(call, leasepb.LeaseInternalRequestSchema);
  if (request === undefined) return;
  const asked = request.LeaseTimeToLiveRequest;
  if (asked === undefined) return sendError(call.response, 400, "error unmarshalling request");
  if (!(await catchUp(local, call))) return;
  const times = await local.leases.timeToLive(asked.ID, asked.keys);
  if (times === "lease-not-found") return sendError(call.response, 404, NOT_FOUND);
  if (times === "not-primary-lessor") return sendError(call.response, 500, NOT_PRIMARY);
  const { LeaseInternalResponseSchema: schema } = leasepb;
  const answer = create(schema, {
    LeaseTimeToLiveResponse: {
      header: {},
      ID: asked.ID,
      TTL: times.ttl,
      grantedTTL: times.grantedTtl,
      keys: [...times.keys],
    },
  });
  sendBody(call.response, "application/protobuf", toBinary(schema, answer));
}

async function readRequest<Schema extends DescMessage>(
  { request, response }: Call,
  schema: Schema,
): Promise<MessageShape<Schema> | undefined> {
  if (!allowMethod(request, response, "POST")) return undefined;
  let body: Buffer;
  try {
    body = await readBody(request, LEASE_BODY_BYTES_MAX);
  } catch (error) {
    if (error instanceof BodyTooLargeError) sendErrorAndClose(response, 413, "request body too large");
    else sendErrorAndClose(response, 400, "error reading body");
    return undefined;
  }
  try {
    return fromBinary(schema, body);
  } catch {
    sendError(response, 400, "error unmarshalling request");
    return undefined;
  }
}

/** A lease that was granted a moment ago must be known here before it is looked for. @returns false when it took too long. */
async function catchUp(local: PeerLocalPort, { response }: Call): Promise<boolean> {
  const wanted = local.committedIndex;
  const untilMs = performance.now() + LEASE_APPLY_WAIT_MS;
  while (local.appliedIndex < wanted) {
    if (performance.now() >= untilMs) {
      sendError(response, 408, BEHIND);
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, LEASE_APPLY_POLL_MS));
  }
  return true;
}
