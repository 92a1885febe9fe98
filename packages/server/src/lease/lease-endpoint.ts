/**
 * What this member answers when another one forwards a request about a lease: the handlers behind `POST /leases` and
 * `POST /leases/internal` of the peer port. Source: raft-peers-formats 3.11.
 */
import { failureText } from "../api/to-status.js";
import type { CatchUp } from "./catch-up.js";
import {
  LEASES_INTERNAL_PATH,
  LEASES_PATH,
  decodeRenewRequest,
  decodeTimesRequest,
  encodeRenewAnswer,
  encodeTimesAnswer,
} from "./lease-messages.js";
import { LEASE_BODY_BYTES_MAX } from "./limits.js";
import type { LeaseAnswer } from "./ports.js";
import type { PrimaryLeases } from "./primary-leases.js";

const NOT_PRIMARY = "not a primary lessor";
const NOT_FOUND = "lease not found";
const LAGS = "waiting for node to catch up its applied index has timed out";

export class LeaseEndpoint {
  readonly #primary: PrimaryLeases;
  readonly #catchUp: CatchUp;

  constructor(primary: PrimaryLeases, catchUp: CatchUp) {
    this.#primary = primary;
    this.#catchUp = catchUp;
  }

  /** Answers a POST. Status 200 comes with `application/protobuf`, others with a line of plain text. */
  async handle(path: string, body: Uint8Array): Promise<LeaseAnswer> {
    if (body.length > LEASE_BODY_BYTES_MAX) return refuse(413, "request body too large");
    if (path === LEASES_PATH) return this.#renew(body);
    if (path === LEASES_INTERNAL_PATH) return this.#tellTimes(body);
    return refuse(400, `unknown request path ${JSON.stringify(path)}`);
  }

  async #renew(body: Uint8Array): Promise<LeaseAnswer> {
    const id = attempt(() => decodeRenewRequest(body));
    if (id === undefined) return refuse(400, "error unmarshalling request");
    if (!(await this.#catchUp.wait())) return refuse(408, LAGS);
    const renewal = await this.#primary.renew(id);
    if (renewal === "not-found") return refuse(404, NOT_FOUND);
    if (renewal === "not-primary") return refuse(400, NOT_PRIMARY);
    if (typeof renewal === "bigint") return { status: 200, body: encodeRenewAnswer(id, renewal) };
    if (renewal.failure === "timeout-wait-applied-index") return refuse(408, LAGS);
    return refuse(400, failureText(renewal.failure));
  }

  async #tellTimes(body: Uint8Array): Promise<LeaseAnswer> {
    const request = attempt(() => decodeTimesRequest(body));
    if (request === undefined) return refuse(400, "error unmarshalling request");
    const times = await this.#primary.timeToLive(request.id, request.withKeys);
    if (times === undefined) return refuse(404, NOT_FOUND);
    if (!("failure" in times)) return { status: 200, body: encodeTimesAnswer(request.id, times) };
    return times.failure === "timeout-wait-applied-index" ? refuse(408, LAGS) : refuse(500, NOT_PRIMARY);
  }
}

function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    // Whatever the decoder found: the request is not the message it should be.
    return undefined;
  }
}

function refuse(status: number, reason: string): LeaseAnswer {
  // One byte per character: the texts are ASCII.
  return { status, body: Uint8Array.from(`${reason}\n`, (each) => each.charCodeAt(0)) };
}
