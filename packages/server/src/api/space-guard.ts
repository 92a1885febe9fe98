/**
 * Keeps the store below its quota: writes that would not fit are refused before they are proposed, and the cluster learns by
 * an alarm that this member is full. Callers hear once the alarm has been through the log (or could not be).
 */
import {
  ALARM_NOSPACE,
  EntryEncoder,
  OPERATION,
  WireWriter,
  hasRoom,
  requestIdPrefix,
  type Space,
} from "@quorate/machine";
import type { QueueLevel } from "../member/queue-limits.js";
import type { MemberPort } from "./member-port.js";

const ACTION_ACTIVATE = 1;
/** Callers that wait for the alarm; more are told at once that there is no space. */
const WAITING_COUNT_MAX = 10_000;

export class SpaceGuard implements Space {
  readonly #member: MemberPort;
  readonly #encoder: EntryEncoder = new EntryEncoder();
  /** Callers of the alarm that is on its way; undefined while there is none. */
  #waiting: (() => void)[] | undefined;

  constructor(member: MemberPort) {
    this.#member = member;
  }

  levels(): readonly QueueLevel[] {
    return [{ name: "WAITING_COUNT_MAX", held: this.#waiting?.length ?? 0, limit: WAITING_COUNT_MAX }];
  }

  get sizeBytes(): number {
    return this.#member.storage.sizeBytes;
  }

  get quotaBytes(): number {
    return this.#member.quotaBytes;
  }

  /** True when a write of that cost fits here, as far as can be told before it is applied. */
  admits(costBytes: number): boolean {
    return hasRoom(this, costBytes);
  }

  /**
   * Raises this member's NOSPACE alarm, one proposal at a time, and calls `onDone` when that is over, whatever came of it;
   * at once when the alarm is active.
   * The member calls it too, for writes over quota that nobody here waits for.
   */
  raiseAlarm(onDone: () => void): void {
    const member = this.#member;
    const isActive = member.alarms
      .list()
      .some((alarm) => alarm.type === ALARM_NOSPACE && alarm.memberId === member.memberId);
    // A full store refuses every write: one entry says so, not one per write.
    if (isActive || (this.#waiting !== undefined && this.#waiting.length >= WAITING_COUNT_MAX)) {
      onDone();
      return;
    }
    if (this.#waiting !== undefined) {
      this.#waiting.push(onDone);
      return;
    }
    this.#waiting = [onDone];
    const suffix = member.nextRequestSuffix();
    member.propose(this.#encodeEntry(suffix), suffix, {
      onApplied: () => {
        this.#finish();
      },
      onFailed: () => {
        this.#finish();
      },
    });
  }

  #encodeEntry(suffix: number): Uint8Array {
    const { memberId } = this.#member;
    const request = new WireWriter(32);
    request.uint(0x08, ACTION_ACTIVATE);
    request.bigInt64(0x10, memberId);
    request.uint(0x18, ALARM_NOSPACE);
    const header = { idPrefix: requestIdPrefix(memberId), idSuffix: suffix };
    return this.#encoder.encode(OPERATION.alarm, request.copy(), header);
  }

  #finish(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const onDone of waiting) onDone();
  }
}
