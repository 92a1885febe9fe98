/**
 * Judges calls by the keys they are about to read, and leases by the keys that are attached to them. Each check belongs into the turn
 * in which the answer is read: then nothing can change between the two.
 * Source: operations 4.4.
 */
import {
  checkLeasePermission,
  checkTxnPermission,
  type AttachedKeySource,
  type AuthStore,
  type IntervalBytes,
  type Need,
  type TxnNode,
} from "@quorate/machine";
import type { ErrorName } from "@quorate/proto";
import { ERRORS, GrpcStatus } from "@quorate/proto";
import type { CallBase } from "@quorate/rpc";
import { NO_CALLER, type Caller, type Identities } from "./identities.js";

export interface PermissionsParts {
  readonly auth: AuthStore;
  readonly identities: Identities;
  readonly leases: AttachedKeySource;
}

export class Permissions {
  readonly #parts: PermissionsParts;

  constructor(parts: PermissionsParts) {
    this.#parts = parts;
  }

  /** Of the auth store: an answer that takes several turns is not to outlive it. */
  get revision(): number {
    return this.#parts.auth.revision;
  }

  /** Whether authentication is on and has changed since that revision. */
  hasMoved(revision: number): boolean {
    return this.#parts.auth.enabled && this.#parts.auth.revision !== revision;
  }

  /** Why the call may not read the interval. */
  checkRange(call: CallBase, interval: IntervalBytes): ErrorName | undefined {
    const { auth } = this.#parts;
    if (!auth.enabled) return undefined;
    const caller = this.#parts.identities.of(call);
    if (caller === "invalid-auth-token") return caller;
    return auth.checkInterval(caller, "read", interval) ?? this.#checkAge(caller);
  }

  /** Why the call may not have the answer to a transaction that only reads. */
  checkTxn(call: CallBase, txn: TxnNode): ErrorName | undefined {
    if (!this.#parts.auth.enabled) return undefined;
    const caller = this.#parts.identities.of(call);
    if (caller === "invalid-auth-token") return caller;
    return checkTxnPermission(this.#parts, caller, txn) ?? this.#checkAge(caller);
  }

  /** A token may also be newer than what is applied here: then this member does not know yet what its owner may do. */
  #checkAge(caller: Caller): ErrorName | undefined {
    return caller.revision === this.#parts.auth.revision ? undefined : "auth-old-revision";
  }

  /** Why the call may not act on the keys attached to the lease. Of a lease that is not known here it may. */
  checkLease(call: CallBase, need: Need, lease: bigint): ErrorName | undefined {
    return this.checkLeases(call, need, [lease]);
  }

  checkLeases(call: CallBase, need: Need, leases: readonly bigint[]): ErrorName | undefined {
    const { auth, identities } = this.#parts;
    if (!auth.enabled) return undefined;
    const caller = identities.of(call);
    if (caller === "invalid-auth-token") return caller;
    if (caller === NO_CALLER) return "user-empty";
    if (auth.checkAdmin(caller) === undefined) return undefined;
    for (const lease of leases) {
      const refusal = checkLeasePermission(this.#parts, caller, need, lease);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /**
   * Why the call may not watch [key, rangeEnd), which are as it sent them, as the text that etcd's clients know; undefined when it may.
   * Reading one key and then saying "no end" must not show the keys behind it, so nothing is rewritten before.
   */
  readonly watchRefusal = (call: CallBase, key: Uint8Array, rangeEnd: Uint8Array): string | undefined => {
    const { auth, identities } = this.#parts;
    if (!auth.enabled) return undefined;
    const caller = identities.of(call);
    const refusal =
      caller === "invalid-auth-token"
        ? caller
        : auth.checkInterval(caller, "read", intervalOf(key, rangeEnd));
    return refusal === undefined ? undefined : grpcText(refusal);
  };
}

/** No key at all stands for the smallest one. */
function intervalOf(key: Uint8Array, rangeEnd: Uint8Array): IntervalBytes {
  const keySize = Math.max(key.length, 1);
  const buffer = new Uint8Array(keySize + rangeEnd.length);
  buffer.set(key);
  buffer.set(rangeEnd, keySize);
  return { buffer, keyStart: 0, keyEnd: keySize, endStart: keySize, endEnd: buffer.length };
}

const CODE_NAMES: Readonly<Partial<Record<GrpcStatus, string>>> = {
  [GrpcStatus.InvalidArgument]: "InvalidArgument",
  [GrpcStatus.Unauthenticated]: "Unauthenticated",
  [GrpcStatus.PermissionDenied]: "PermissionDenied",
};

/** A status as Go prints it. */
function grpcText(name: ErrorName): string {
  const { wireCode, message } = ERRORS[name];
  return `rpc error: code = ${CODE_NAMES[wireCode] ?? "Unknown"} desc = ${message}`;
}
