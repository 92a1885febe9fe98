/**
 * The members of a cluster and how each is reached.
 *
 * A member is reached by the configured endpoint that it answered from, since that is known to work from here, and else by the client URL it
 * advertises. What was known last is kept when nobody answers.
 */
import { etcdserverpb } from "@quorate/proto";
import type { ClusterCalls } from "./cluster-calls.js";
import { mapBounded } from "../leases/map-bounded.js";

/** Time one member has to answer one question. */
export const MEMBER_TIMEOUT_MS = 2000;
const ASKED_AT_ONCE = 16;

export class MemberDirectory {
  readonly #calls: ClusterCalls;
  readonly #endpoints: readonly string[];
  /** Configured endpoint to the id of the member behind it. */
  readonly #learned = new Map<string, bigint>();
  #members: readonly etcdserverpb.Member[] = [];

  constructor(calls: ClusterCalls, endpoints: readonly string[]) {
    this.#calls = calls;
    this.#endpoints = endpoints;
  }

  /** By id; empty until the first `refresh` that got an answer. */
  get members(): readonly etcdserverpb.Member[] {
    return this.#members;
  }

  /** Asks for the list, as one member knows it, so that it is there without a quorum too. Rejects when nobody answered. */
  async refresh(signal?: AbortSignal): Promise<void> {
    const options = { safety: "read", signal, timeoutMs: MEMBER_TIMEOUT_MS, requireLeader: false } as const;
    const [list] = await Promise.all([
      this.#calls.unary(etcdserverpb.Cluster.method.memberList, { linearizable: false }, options),
      this.#learn(signal),
    ]);
    this.#members = [...list.members].sort(({ ID: left }, { ID: right }) => (left < right ? -1 : 1));
  }

  async find(id: bigint, signal?: AbortSignal): Promise<etcdserverpb.Member | undefined> {
    const known = this.#members.find(({ ID }) => ID === id);
    if (known !== undefined) return known;
    await this.refresh(signal);
    return this.#members.find(({ ID }) => ID === id);
  }

  /** Undefined for a member that has not started. */
  endpointOf({ ID, clientURLs }: etcdserverpb.Member): string | undefined {
    for (const [endpoint, id] of this.#learned) if (id === ID) return endpoint;
    return clientURLs[0];
  }

  /** Told by whoever asked `endpoint` and was answered by another member than expected. */
  forget(endpoint: string): void {
    this.#learned.delete(endpoint);
  }

  /** Asks configured endpoints who they are, those that have not said yet. */
  async #learn(signal: AbortSignal | undefined): Promise<void> {
    const unknown = this.#endpoints.filter((endpoint) => !this.#learned.has(endpoint));
    await mapBounded(unknown, ASKED_AT_ONCE, async (endpoint) => {
      try {
        const { header } = await this.#calls.unary(
          etcdserverpb.Maintenance.method.status,
          {},
          { safety: "read", signal, endpoint, timeoutMs: MEMBER_TIMEOUT_MS, requireLeader: false },
        );
        if (header !== undefined && header.memberId !== 0n) this.#learned.set(endpoint, header.memberId);
      } catch {
        // Asked again at the next refresh; until then its member is reached as it advertises.
      }
    });
  }
}
