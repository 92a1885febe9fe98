/**
 * The Lease service. Grants and revocations go through the log like writes; renewals and times are asked of whoever leads.
 * Source: kv-watch-lease 8.
 */
import { LEASE_GRANT_COST_BYTES, OPERATION, requestIdPrefix } from "@quorate/machine";
import { etcdserverpb } from "@quorate/proto";
import type { BidiCall, UnaryCall } from "@quorate/rpc";
import { decodeMessage, encodeMessage, replyMessage } from "../generated-codec.js";
import type { Permissions } from "../auth/permissions.js";
import type { GuardedMethod } from "../guard.js";
import type { ResponseHeaders } from "../header.js";
import type { MemberPort } from "../member-port.js";
import type { LeasePort, LeaseTimes } from "../ports/lease-port.js";
import type { Proposals } from "../proposals.js";
import type { SpaceGuard } from "../space-guard.js";
import { failCall } from "../to-status.js";
import { KeepAliveStream } from "./keep-alive-stream.js";
import type { LeaderWatch } from "./leader-watch.js";

/** Ids chosen here have the sign bit clear. */
const CHOSEN_ID_BITS = 63;
const SUFFIX_BITS = 48n;

export interface LeaseServiceOptions {
  readonly member: MemberPort;
  readonly headers: ResponseHeaders;
  readonly proposals: Proposals;
  readonly space: SpaceGuard;
  readonly leases: LeasePort;
  readonly permissions: Permissions;
  /** Ends keep-alive streams whose caller insists on a leader. */
  readonly leaders: LeaderWatch;
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

export class LeaseService {
  readonly #options: LeaseServiceOptions;
  readonly #idPrefix: bigint;

  constructor(options: LeaseServiceOptions) {
    this.#options = options;
    this.#idPrefix = BigInt(requestIdPrefix(options.member.memberId)) << SUFFIX_BITS;
  }

  /** The methods of `etcdserverpb.Lease`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return {
      LeaseGrant: { method: { kind: "unary", handler: this.#handleGrant }, onLearner: false },
      LeaseRevoke: { method: { kind: "unary", handler: this.#handleRevoke }, onLearner: false },
      LeaseKeepAlive: { method: { kind: "bidi", handler: this.#handleKeepAlive }, onLearner: false },
      LeaseTimeToLive: { method: { kind: "unary", handler: this.#handleTimeToLive }, onLearner: false },
      LeaseLeases: { method: { kind: "unary", handler: this.#handleLeases }, onLearner: false },
    };
  }

  readonly #handleGrant = (call: UnaryCall, message: Uint8Array): void => {
    const request = decodeMessage(etcdserverpb.LeaseGrantRequestSchema, message);
    const { space, proposals } = this.#options;
    if (!space.admits(LEASE_GRANT_COST_BYTES)) {
      space.raiseAlarm(() => {
        failCall(call, "no-space");
      });
      return;
    }
    // The id is part of the entry: every member must grant the same one.
    const entry =
      request.ID === 0n
        ? encodeMessage(etcdserverpb.LeaseGrantRequestSchema, { TTL: request.TTL, ID: this.#chooseId() })
        : message;
    proposals.submit(call, OPERATION.leaseGrant, entry);
  };

  #chooseId(): bigint {
    for (;;) {
      const suffix = BigInt(this.#options.member.nextRequestSuffix());
      const id = BigInt.asUintN(CHOSEN_ID_BITS, this.#idPrefix | suffix);
      if (id !== 0n) return id;
    }
  }

  readonly #handleRevoke = (call: UnaryCall, message: Uint8Array): void => {
    decodeMessage(etcdserverpb.LeaseRevokeRequestSchema, message);
    this.#options.proposals.submit(call, OPERATION.leaseRevoke, message);
  };

  readonly #handleKeepAlive = (call: BidiCall): void => {
    const { headers, leases, permissions, leaders, onError } = this.#options;
    new KeepAliveStream(call, { headers, leases, permissions, leaders, onError }).start();
  };

  readonly #handleTimeToLive = (call: UnaryCall, message: Uint8Array): void => {
    const { ID: id, keys } = decodeMessage(etcdserverpb.LeaseTimeToLiveRequestSchema, message);
    const { leases, permissions } = this.#options;
    const refusal = keys ? permissions.checkLease(call, "read", id) : undefined;
    if (refusal !== undefined) {
      failCall(call, refusal);
      return;
    }
    const { revision } = permissions;
    leases.timeToLive(id, keys).then((times) => {
      // The keys come from another turn, or another member, than the permission to see them.
      if (keys && permissions.hasMoved(revision)) failCall(call, "auth-old-revision");
      else if (times !== undefined && "failure" in times) failCall(call, times.failure);
      else this.#replyTimes(call, id, times);
    }, this.#options.onError);
  };

  /** A lease that nobody knows is no error: it has -1 seconds to live. */
  #replyTimes(call: UnaryCall, id: bigint, times: LeaseTimes | undefined): void {
    replyMessage(call, etcdserverpb.LeaseTimeToLiveResponseSchema, {
      header: this.#options.headers.message(),
      ID: id,
      TTL: times?.ttl ?? -1n,
      grantedTTL: times?.grantedTtl ?? 0n,
      keys: [...(times?.keys ?? [])],
    });
  }

  readonly #handleLeases = (call: UnaryCall, message: Uint8Array): void => {
    decodeMessage(etcdserverpb.LeaseLeasesRequestSchema, message);
    const leases = this.#options.leases.list();
    const refusal = this.#options.permissions.checkLeases(call, "read", leases);
    if (refusal !== undefined) {
      failCall(call, refusal);
      return;
    }
    replyMessage(call, etcdserverpb.LeaseLeasesResponseSchema, {
      header: this.#options.headers.message(),
      leases: leases.map((id) => ({ ID: id })),
    });
  };
}
