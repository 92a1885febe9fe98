/** The replicated state machine. */
export type { Alarm } from "./apply/alarm.js";
export type { ApplyOutcome, DeferredBody, ResponseBody } from "./apply/outcome.js";
export type { RefusalCode } from "./apply/refusal.js";
export type { ReadView, Slot, StoreReads, StoreWrites } from "./mvcc/store-api.js";
export { LATEST, NO_SLOT } from "./mvcc/store-api.js";
export type { RowSink } from "./apply/cluster-port.js";
export { CLUSTER_TABLES, ClusterRecord } from "./membership/cluster-record.js";
export { formatMember, parseMember } from "./membership/member-json.js";
export type { ChangedMember, Member } from "./membership/member-json.js";
export type { MembershipChange, MembershipRefusal } from "./membership/membership.js";
