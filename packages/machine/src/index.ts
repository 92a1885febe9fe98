/** The replicated state machine. */
export type { Alarm } from "./apply/alarm.js";
export type { ApplyOutcome, DeferredBody, ResponseBody } from "./apply/outcome.js";
export type { RefusalCode } from "./apply/refusal.js";
export type { ReadView, Slot, StoreReads, StoreWrites } from "./mvcc/store-api.js";
export { LATEST, NO_SLOT } from "./mvcc/store-api.js";
