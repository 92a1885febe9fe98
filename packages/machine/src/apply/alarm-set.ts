/**
 * The alarms of the cluster: replicated, and so equal on every member. A NOSPACE alarm of any member stops the writes that
 * need room on all of them; a CORRUPT alarm stops all writes.
 *
 * A row of the `alarm` table has the encoded AlarmMember as its key and nothing as its value.
 */
import { etcdserverpb, fromBinary } from "@quorate/proto";
import { ALARM_CORRUPT, ALARM_NONE, ALARM_NOSPACE, type Alarm, type AlarmType } from "./alarm.js";
import { WireWriter } from "./wire/wire-writer.js";

/** Where a changed row goes: the transaction of the entry that changed it. `value` is undefined for a removal. */
export type AlarmRowSink = (key: Uint8Array, value: Uint8Array | undefined) => void;

const NO_VALUE = new Uint8Array(0);

export class AlarmSet {
  #alarms = new Map<string, Alarm>();
  #noSpace = false;
  #corrupt = false;

  /** Some member has run out of space. */
  get noSpace(): boolean {
    return this.#noSpace;
  }

  /** Some member's data differs. */
  get corrupt(): boolean {
    return this.#corrupt;
  }

  /** Active alarms of one type, or all of them for ALARM_NONE, in the order of activation. */
  list(type: AlarmType = ALARM_NONE): Alarm[] {
    return [...this.#alarms.values()].filter((alarm) => type === ALARM_NONE || alarm.type === type);
  }

  /** Takes a row back at start; throws when its bytes are not an AlarmMember. */
  restoreRow(key: Uint8Array): void {
    const { memberID, alarm } = fromBinary(etcdserverpb.AlarmMemberSchema, key);
    this.#add({ memberId: memberID, type: alarm });
  }

  /** Takes over the alarms of `other`, which must not be used afterwards: a database from the leader has replaced our own. */
  adopt(other: AlarmSet): void {
    this.#alarms = other.#alarms;
    this.#summarise();
  }

  /** @returns the alarm, whether or not it was active before; undefined for type NONE, which is not stored. */
  activate(alarm: Alarm, rows: AlarmRowSink): Alarm | undefined {
    if (alarm.type === ALARM_NONE) return undefined;
    const known = this.#alarms.get(nameOf(alarm));
    if (known !== undefined) return known;
    this.#add(alarm);
    rows(encodeAlarm(alarm), NO_VALUE);
    return alarm;
  }

  /** @returns the alarm that was removed, or undefined when it was not active. */
  deactivate(alarm: Alarm, rows: AlarmRowSink): Alarm | undefined {
    const known = this.#alarms.get(nameOf(alarm));
    if (known === undefined) return undefined;
    this.#alarms.delete(nameOf(alarm));
    rows(encodeAlarm(alarm), undefined);
    this.#summarise();
    return known;
  }

  #add(alarm: Alarm): void {
    this.#alarms.set(nameOf(alarm), alarm);
    this.#summarise();
  }

  #summarise(): void {
    this.#noSpace = this.list(ALARM_NOSPACE).length > 0;
    this.#corrupt = this.list(ALARM_CORRUPT).length > 0;
  }
}

/** The encoded AlarmMember: key of its row, and element of an AlarmResponse. */
export function encodeAlarm(alarm: Alarm): Uint8Array {
  const writer = new WireWriter(32);
  writer.bigInt64(0x08, alarm.memberId);
  writer.int64(0x10, alarm.type);
  return writer.copy();
}

function nameOf(alarm: Alarm): string {
  return `${String(alarm.type)}/${alarm.memberId.toString(16)}`;
}
