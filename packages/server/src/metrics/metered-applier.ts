/**
 * Counts and times applied entries. The operation of an entry is its first tag nearly always, so that counting costs a look at two bytes;
 * the clock, which costs more than a put's own bookkeeping, is read for every `MEASURED_EVERY`th put that takes no turns, since none of
 * those can be slow, and for all else.
 */
import type { ApplyOutcome } from "@quorate/machine";
import { OPERATION } from "@quorate/machine";
import { fromBinary, etcdserverpb } from "@quorate/proto";
import type { RequestApplier } from "../member/entry-applier.js";
import { ApplyMeter, type MemberMeters } from "./member-meters.js";

export const MEASURED_EVERY = 16;
/** Source: etcd `--warning-apply-duration`. */
const SLOW_MS_DEFAULT = 100;

/** Names of the operations as etcd's apply metrics and requests have them. */
const OPERATION_NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [OPERATION.range, "Range"],
  [OPERATION.put, "Put"],
  [OPERATION.deleteRange, "DeleteRange"],
  [OPERATION.txn, "Txn"],
  [OPERATION.compaction, "Compaction"],
  [OPERATION.leaseGrant, "LeaseGrant"],
  [OPERATION.leaseRevoke, "LeaseRevoke"],
  [OPERATION.leaseCheckpoint, "LeaseCheckpoint"],
  [OPERATION.alarm, "Alarm"],
  [OPERATION.authenticate, "Authenticate"],
  [OPERATION.authEnable, "AuthEnable"],
  [OPERATION.authDisable, "AuthDisable"],
  [OPERATION.authStatus, "AuthStatus"],
  [OPERATION.authUserAdd, "AuthUserAdd"],
  [OPERATION.authUserDelete, "AuthUserDelete"],
  [OPERATION.authUserGet, "AuthUserGet"],
  [OPERATION.authUserChangePassword, "AuthUserChangePassword"],
  [OPERATION.authUserGrantRole, "AuthUserGrantRole"],
  [OPERATION.authUserRevokeRole, "AuthUserRevokeRole"],
  [OPERATION.authUserList, "AuthUserList"],
  [OPERATION.authRoleList, "AuthRoleList"],
  [OPERATION.authRoleAdd, "AuthRoleAdd"],
  [OPERATION.authRoleDelete, "AuthRoleDelete"],
  [OPERATION.authRoleGet, "AuthRoleGet"],
  [OPERATION.authRoleGrantPermission, "AuthRoleGrantPermission"],
  [OPERATION.authRoleRevokePermission, "AuthRoleRevokePermission"],
  [OPERATION.clusterVersionSet, "ClusterVersionSet"],
  [OPERATION.clusterMemberAttrSet, "ClusterMemberAttrSet"],
  [OPERATION.downgradeInfoSet, "DowngradeInfoSet"],
]);

const HEADER_FIELD = 100;
const WIRE_BYTES = 2;
const PUT_TAG: number = OPERATION.put * 8 + WIRE_BYTES;

export interface MeteredApplierOptions {
  /** What does the work now; another one after a database was installed. */
  readonly applier: () => RequestApplier;
  readonly meters: MemberMeters;
  readonly nowMs: () => number;
  readonly slowMs?: number;
  /** Seconds that a lease was granted for, which may be more than was asked. */
  readonly grantedTtl?: (id: bigint) => number | undefined;
  /** Hears of entries that took longer than that. */
  readonly onSlow?: (slow: SlowApply) => void;
}

export interface SlowApply {
  /** As metrics call it. */
  readonly operation: string;
  readonly entry: Uint8Array;
  readonly ms: number;
  readonly refusal: string | undefined;
}

/** Meters of one operation, by result. */
interface Pair {
  readonly success: ApplyMeter;
  readonly failure: ApplyMeter;
}

/** An entry whose application is measured. */
interface Applied {
  readonly pair: Pair;
  readonly operation: number;
  readonly entry: Uint8Array;
  readonly startMs: number;
}

export class MeteredApplier implements RequestApplier {
  readonly #options: MeteredApplierOptions;
  readonly #slowMs: number;
  readonly #pairs = new Map<number, Pair>();
  readonly #put: Pair;
  #count = 0;

  constructor(options: MeteredApplierOptions) {
    this.#options = options;
    this.#slowMs = options.slowMs ?? SLOW_MS_DEFAULT;
    this.#put = this.#pairOf(OPERATION.put);
  }

  apply(
    index: number,
    term: number,
    entry: Uint8Array,
    wanted: boolean,
  ): ApplyOutcome | Promise<ApplyOutcome> {
    const applier = this.#options.applier();
    if (entry.length === 0) return applier.apply(index, term, entry, wanted);
    // An entry of ours begins with its operation: a look at one byte tells puts.
    const operation = entry[0] === PUT_TAG ? OPERATION.put : operationOf(entry);
    const pair = operation === OPERATION.put ? this.#put : this.#pairOf(operation);
    const isMeasured = operation !== OPERATION.put || this.#count++ % MEASURED_EVERY === 0;
    const { nowMs } = this.#options;
    const startMs = isMeasured ? nowMs() : 0;
    const outcome = applier.apply(index, term, entry, wanted);
    if (outcome instanceof Promise)
      return this.#later(outcome, { pair, operation, entry, startMs: isMeasured ? startMs : nowMs() });
    if (isMeasured) this.#measured({ pair, operation, entry, startMs }, outcome);
    else (outcome.refusal === undefined ? pair.success : pair.failure).unmeasured += 1;
    return outcome;
  }

  async #later(outcome: Promise<ApplyOutcome>, applied: Applied): Promise<ApplyOutcome> {
    const settled = await outcome;
    this.#measured(applied, settled);
    return settled;
  }

  #measured({ pair, operation, entry, startMs }: Applied, { refusal }: ApplyOutcome): void {
    const { nowMs, meters, onSlow } = this.#options;
    const meter = refusal === undefined ? pair.success : pair.failure;
    const ms = nowMs() - startMs;
    meter.measured(ms / 1000);
    if (refusal === undefined && operation !== OPERATION.put) this.#countLease(operation, entry);
    if (ms <= this.#slowMs) return;
    meters.slowApplies += 1;
    onSlow?.({ operation: meter.operation, entry, ms, refusal });
  }

  #countLease(operation: number, entry: Uint8Array): void {
    const { meters, grantedTtl } = this.#options;
    if (operation === OPERATION.leaseGrant) {
      meters.leasesGranted += 1;
      const { leaseGrant } = fromBinary(etcdserverpb.InternalRaftRequestSchema, entry);
      const asked = Number(leaseGrant?.TTL ?? 0n);
      meters.leaseTtlSeconds.observe(grantedTtl?.(leaseGrant?.ID ?? 0n) ?? asked);
    } else if (operation === OPERATION.leaseRevoke) meters.leasesRevoked += 1;
  }

  #pairOf(operation: number): Pair {
    const known = this.#pairs.get(operation);
    if (known !== undefined) return known;
    const name = OPERATION_NAMES.get(operation) ?? "unknown";
    const { applies } = this.#options.meters;
    const meterOf = (isSuccess: boolean): ApplyMeter => {
      const key = `${name} ${String(isSuccess)}`;
      let meter = applies.get(key);
      if (meter === undefined) applies.set(key, (meter = new ApplyMeter(name, isSuccess)));
      return meter;
    };
    const pair = { success: meterOf(true), failure: meterOf(false) };
    this.#pairs.set(operation, pair);
    return pair;
  }
}

/** Field number of the first operation in an encoded `InternalRaftRequest`; 0 when there is none in front. */
export function operationOf(entry: Uint8Array): number {
  let at = 0;
  while (at < entry.length) {
    let tag = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = entry[at++] ?? 0;
      tag |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80 && shift < 32);
    const field = tag >>> 3;
    if ((tag & 7) !== 2) return 0;
    if (field !== HEADER_FIELD) return field;
    let length = 0;
    shift = 0;
    do {
      byte = entry[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80 && shift < 32);
    at += length;
  }
  return 0;
}
