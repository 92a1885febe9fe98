/** One alarm of one member. Any member id may be named; a removed member's alarms stay until they are disarmed. */
export interface Alarm {
  readonly memberId: bigint;
  readonly type: AlarmType;
}

export const ALARM_NONE = 0;
export const ALARM_NOSPACE = 1;
export const ALARM_CORRUPT = 2;
/** An open enumeration on the wire: other numbers are stored and listed, and have no effect. */
export type AlarmType = number;
