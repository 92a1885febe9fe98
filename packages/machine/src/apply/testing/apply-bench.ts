/** An applier over a store, driven with messages of the generated code. */
import { create, etcdserverpb as pb, toBinary, type MessageInitShape } from "@quorate/proto";
import type { StoreWrites } from "../../mvcc/store-api.js";
import { AlarmSet } from "../alarm-set.js";
import { Applier } from "../applier.js";
import type { ClusterState } from "../cluster-port.js";
import { NO_LEASES, type LeaseTable } from "../lessor-port.js";
import type { ApplyOutcome, ResponseBody } from "../outcome.js";
import type { Turns } from "../turn-sort.js";

export const turns: Turns = {
  yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
};

/** Leases that only exist; remembers who is attached. */
export class FakeLeases implements LeaseTable {
  readonly grant = NO_LEASES.grant;
  readonly revoke = NO_LEASES.revoke;
  readonly checkpoint = NO_LEASES.checkpoint;
  readonly row = NO_LEASES.row;
  readonly existing = new Set<bigint>();
  readonly attached = new Map<string, bigint>();

  get hasAttachments(): boolean {
    return this.attached.size > 0;
  }

  exists(lease: bigint): boolean {
    return this.existing.has(lease);
  }

  keyFrom(lease: bigint, from: Uint8Array | undefined): Uint8Array | undefined {
    const start = from === undefined ? "" : String.fromCharCode(...from);
    const keys = [...this.attached].filter(([key, id]) => id === lease && key >= start).map(([key]) => key);
    const [first] = keys.sort();
    return first === undefined ? undefined : Uint8Array.from(first, (each) => each.charCodeAt(0));
  }

  attach(lease: bigint, buffer: Uint8Array, start: number, end: number): void {
    this.attached.set(String.fromCharCode(...buffer.subarray(start, end)), lease);
  }

  detach(lease: bigint, buffer: Uint8Array, start: number, end: number): void {
    const key = String.fromCharCode(...buffer.subarray(start, end));
    if (this.attached.get(key) !== lease) throw new Error(`${key} is not attached to ${String(lease)}`);
    this.attached.delete(key);
  }
}

/** Remembers what was set. */
export class FakeCluster implements ClusterState {
  readonly calls: unknown[] = [];

  setMemberAttributes(
    ...[memberId, { name, clientUrls }]: Parameters<ClusterState["setMemberAttributes"]>
  ): void {
    this.calls.push({ memberId, name, clientUrls });
  }

  setClusterVersion(version: string): void {
    this.calls.push({ version });
  }

  setDowngrade(enabled: boolean, targetVersion: string): void {
    this.calls.push({ enabled, targetVersion });
  }
}

export class ApplyBench {
  readonly store: StoreWrites;
  readonly leases = new FakeLeases();
  readonly alarms = new AlarmSet();
  readonly cluster = new FakeCluster();
  readonly space = { sizeBytes: 0, quotaBytes: Infinity };
  readonly applier: Applier;
  #index = 0;

  constructor(store: StoreWrites) {
    this.store = store;
    const { leases, alarms, cluster, space } = this;
    this.applier = new Applier({ store, consistentIndex: 0, leases, alarms, cluster, space, turns });
  }

  /** Applies one request as the next entry. */
  apply(
    request: Omit<MessageInitShape<typeof pb.InternalRaftRequestSchema>, "$typeName" | "header">,
    wantsReply = true,
  ): ApplyOutcome | Promise<ApplyOutcome> {
    return this.applyBytes(encodeRequest(request), wantsReply);
  }

  applyBytes(data: Uint8Array, wantsReply = true): ApplyOutcome | Promise<ApplyOutcome> {
    this.#index += 1;
    return this.applier.apply(this.#index, 1, data, wantsReply);
  }
}

export function encodeRequest(
  request: Omit<MessageInitShape<typeof pb.InternalRaftRequestSchema>, "$typeName" | "header">,
): Uint8Array {
  const message = create(pb.InternalRaftRequestSchema, {
    ...request,
    header: { ID: 0x0012_0000_0034_5601n },
  });
  return toBinary(pb.InternalRaftRequestSchema, message);
}

/** The bytes of a body, however it comes. */
export async function bytesOfBody(body: ResponseBody | undefined): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array(0);
  return concat("deferred" in body ? await body.encode() : body);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
