/**
 * Locks and elections as people speak of them: who holds, who waits behind whom, whose lease is about to end.
 *
 * Both recipes are the same on the wire: keys `<name>/<lease in hex>`, the oldest creation wins. They differ in the value: a
 * candidate proclaims something, a lock's key is empty.
 */
import { formatSignedHexId } from "@quorate/proto";
import type { consolepb } from "@quorate/proto";

export interface ContenderView {
  readonly keyBytes: Uint8Array;
  readonly lease: bigint;
  /** Seconds left when it was read; -1 when the lease is gone. */
  readonly leftSeconds: number;
  /** Revision at which it queued up: its place in the line, and the fencing token of a holder. */
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  readonly value: Uint8Array;
  /** Stable over reads: the same contender in the same attempt. */
  readonly identity: string;
}

export interface ContestView {
  readonly name: Uint8Array;
  readonly kind: "lock" | "election";
  readonly holder: ContenderView;
  /** In the order in which they will get it. */
  readonly waiters: readonly ContenderView[];
}

/** Contests without a holder do not exist: whoever is first holds. An answer without contenders is skipped. */
export function viewContests(contests: readonly consolepb.Contest[]): ContestView[] {
  const views: ContestView[] = [];
  for (const contest of contests) {
    const contenders = contest.contenders.map(viewContender).toSorted(byCreation);
    const [holder, ...waiters] = contenders;
    if (holder === undefined) continue;
    const kind = contenders.some((contender) => contender.value.length > 0) ? "election" : "lock";
    views.push({ name: contest.name, kind, holder, waiters });
  }
  return views;
}

function viewContender(contender: consolepb.Contender): ContenderView {
  const { key } = contender;
  const createRevision = key?.createRevision ?? 0n;
  return {
    keyBytes: key?.key ?? new Uint8Array(),
    lease: contender.lease,
    leftSeconds: Number(contender.ttlSeconds),
    createRevision,
    modRevision: key?.modRevision ?? 0n,
    value: key?.value ?? new Uint8Array(),
    identity: `${formatSignedHexId(contender.lease)}@${createRevision}`,
  };
}

function byCreation(left: ContenderView, right: ContenderView): number {
  return left.createRevision < right.createRevision ? -1 : left.createRevision > right.createRevision ? 1 : 0;
}

/** Contests that concern the text: in the name, in a lease in hex, or in what a candidate proclaims. Case does not matter. */
export function matchesContest(contest: ContestView, text: string): boolean {
  if (text === "") return true;
  const needle = text.toLowerCase();
  const decoder = new TextDecoder();
  if (decoder.decode(contest.name).toLowerCase().includes(needle)) return true;
  return [contest.holder, ...contest.waiters].some(
    (contender) =>
      formatSignedHexId(contender.lease).includes(needle) ||
      decoder.decode(contender.value).toLowerCase().includes(needle),
  );
}
