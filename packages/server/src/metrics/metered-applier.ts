/**
 * Counts and times applied entries. The operation of an entry is its first tag nearly always, so that counting costs a look at two bytes;
 * the clock, which costs more than a put's own bookkeeping, is read for every `MEASURED_EVERY`th entry and for all that take turns.
 */
import type { ApplyOutcome } from "@quorate/machine";
import { OPERATION } from "@quorate/machine";
import { fromBinary, etcdserverpb } from "@quorate/proto";
import type { RequestApplier } from "../member/entry-applier.js";
import { ApplyMeter, type MemberMeters } from "./member-meters.js";

export const MEASURED_EVERY = 16;
/** Source: etcd `--warning-apply-duration`. */
const SLOW_SECONDS_DEFAULT = 0.1;

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

export interface MeteredApplierOptions {
  /** What does the work now; another one after a database was installed. */
  readonly applier: () => RequestApplier;
  readonly meters: MemberMeters;
  readonly nowMs: () => number;
  readonly slowSeconds?: number;
}

/** Meters of one operation, by result. */
interface Pair {
  readonly success: ApplyMeter;
  readonly failure: ApplyMeter;
}

export class MeteredApplier implements RequestApplier {
  readonly #options: MeteredApplierOptions;
  readonly #slowSeconds: number;
  readonly #pairs = new Map<number, Pair>();
  readonly #put: Pair;
  #count = 0;

  constructor(options: MeteredApplierOptions) {
    this.#options = options;
    this.#slowSeconds = options.slowSeconds ?? SLOW_SECONDS_DEFAULT;
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
    const operation = operationOf(entry);
    const pair = operation === OPERATION.put ? this.#put : this.#pairOf(operation);
    const isMeasured = this.#count % MEASURED_EVERY === 0;
    this.#count += 1;
    const startMs = isMeasured ? this.#options.nowMs() : 0;
    const outcome = applier.apply(index, term, entry, wanted);
    if (outcome instanceof Promise) return this.#later(outcome, { pair, operation, entry });
    this.#note(pair, outcome, isMeasured ? this.#options.nowMs() - startMs : -1);
    if (outcome.refusal === undefined && operation !== OPERATION.put) this.#countLease(operation, entry);
    return outcome;
  }

  async #later(
    outcome: Promise<ApplyOutcome>,
    {
      pair,
      operation,
      entry,
    }: { readonly pair: Pair; readonly operation: number; readonly entry: Uint8Array },
  ): Promise<ApplyOutcome> {
    const startMs = this.#options.nowMs();
    const settled = await outcome;
    this.#note(pair, settled, this.#options.nowMs() - startMs);
    if (settled.refusal === undefined) this.#countLease(operation, entry);
    return settled;
  }

  /** @param ms below 0 when it was not measured. */
  #note(pair: Pair, outcome: ApplyOutcome, ms: number): void {
    const meter = outcome.refusal === undefined ? pair.success : pair.failure;
    if (ms < 0) {
      meter.unmeasured += 1;
      return;
    }
    const seconds = ms / 1000;
    meter.measured(seconds);
    if (seconds > this.#slowSeconds) this.#options.meters.slowApplies += 1;
  }

  #countLease(operation: number, entry: Uint8Array): void {
    const { meters } = this.#options;
    if (operation === OPERATION.leaseGrant) {
      meters.leasesGranted += 1;
      const { leaseGrant } = fromBinary(etcdserverpb.InternalRaftRequestSchema, entry);
      meters.leaseTtlSeconds.observe(Number(leaseGrant?.TTL ?? 0n));
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
