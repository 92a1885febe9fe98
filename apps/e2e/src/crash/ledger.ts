/**
 * What clients were told, to be held against the store after a crash.
 *
 * A write is one of three things: acknowledged (must be there, at the revision the answer named), unanswered (may or may
 * not be there), or never sent. Writers own their keys and wait for each answer, so per key at most the last write is
 * unanswered.
 */
import type { mvccpb } from "@quorate/proto";

export interface Acknowledged {
  readonly key: string;
  /** Undefined for a delete. */
  readonly value: string | undefined;
  readonly revision: number;
}

interface KeyHistory {
  acknowledged: Acknowledged | undefined;
  /** Sent after the acknowledged write and never answered. */
  unanswered: { readonly value: string | undefined } | undefined;
}

export class Ledger {
  readonly #keys = new Map<string, KeyHistory>();
  readonly #revisions = new Set<number>();
  #round: Acknowledged[] = [];
  /** Highest revision any answer has named. */
  revision = 1;
  acknowledgedCount = 0;
  unansweredCount = 0;

  /** Call before a write is sent. */
  begin(key: string, value: string | undefined): void {
    const history = this.#history(key);
    history.unanswered = { value };
    this.unansweredCount += 1;
  }

  /**
   * Call with the answer.
   * @throws when the revision was named by an earlier answer: then two writes share it.
   */
  acknowledge(
    writes: readonly { readonly key: string; readonly value: string | undefined }[],
    revision: number,
  ): void {
    if (this.#revisions.has(revision)) throw new Error(`revision ${revision} was acknowledged twice`);
    this.#revisions.add(revision);
    this.revision = Math.max(this.revision, revision);
    for (const { key, value } of writes) {
      const history = this.#history(key);
      history.acknowledged = { key, value, revision };
      history.unanswered = undefined;
      this.#round.push(history.acknowledged);
      this.acknowledgedCount += 1;
      this.unansweredCount -= 1;
    }
  }

  /** Call when a delete was answered that found nothing to delete. */
  acknowledgeNothing(key: string): void {
    const history = this.#history(key);
    history.acknowledged = undefined;
    history.unanswered = undefined;
    this.unansweredCount -= 1;
  }

  /** The acknowledged writes since the call before, in the order of their answers. */
  takeRound(): Acknowledged[] {
    const round = this.#round;
    this.#round = [];
    return round;
  }

  /** Every key a write was ever sent for. */
  get keys(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /**
   * Holds the pair found after a restart against what is known of the key.
   * @returns what is wrong, or undefined. What is found replaces what was unanswered: the store has decided.
   */
  settle(key: string, found: mvccpb.KeyValue | undefined): string | undefined {
    const history = this.#history(key);
    const { acknowledged, unanswered } = history;
    const value = found === undefined ? undefined : Buffer.from(found.value).toString();
    const revision = found === undefined ? 0 : Number(found.modRevision);
    const isAcknowledged =
      value === acknowledged?.value && (found === undefined || revision === acknowledged?.revision);
    const isUnanswered =
      unanswered !== undefined &&
      value === unanswered.value &&
      (found === undefined || revision > (acknowledged?.revision ?? 0));
    if (!isAcknowledged && !isUnanswered) {
      return `${key} is ${JSON.stringify({ value, revision })}, known is ${JSON.stringify(history)}`;
    }
    if (unanswered !== undefined) this.unansweredCount -= 1;
    // A key found as it was unanswered is known from now on; its delete has no revision to be known by.
    if (!isAcknowledged) history.acknowledged = found === undefined ? undefined : { key, value, revision };
    history.unanswered = undefined;
    return undefined;
  }

  #history(key: string): KeyHistory {
    let history = this.#keys.get(key);
    if (history === undefined) {
      history = { acknowledged: undefined, unanswered: undefined };
      this.#keys.set(key, history);
    }
    return history;
  }
}
