/** Every limit of the watch hub, with its unit and what happens at it. Source of etcd's numbers: kv-watch-lease 7.6. */

const KIB = 1024;
const MIB: number = 1024 * KIB;

/** Encoded events of recent revisions kept for everybody; who is behind them is served from the store. */
export const RECENT_BYTES_MAX: number = 32 * MIB;
/** Recent events lie in blocks of this size; the oldest block goes as a whole. */
export const RECENT_BLOCK_BYTES: number = 256 * KIB;
/** A revision with more events or bytes than these is not kept among the recent ones: its watchers read it from the store. */
export const RECENT_REVISION_EVENTS_MAX = 4096;
export const RECENT_REVISION_BYTES_MAX: number = 4 * MIB;

/** Work done before other work of the process gets its turn, in ms. */
export const SLICE_MS = 4;

/** Revisions in one response (etcd); a revision is never split. */
export const RESPONSE_REVISIONS_MAX = 1000;
/** A response ends with the revision that brings it here, so that what waits for a slow client stays small ... */
export const RESPONSE_BYTES_TARGET: number = 128 * KIB;
/** ... but the parts of a fragmented one are put together by the client, which may ask for more at a time. */
export const FRAGMENTED_BYTES_TARGET: number = 16 * MIB;

/** Events handled in one pass, give or take the last revision. */
export const PASS_EVENTS_MAX = 2048;
/** A pass ends with the revision whose pairs before bring it to this many bytes ... */
export const PREVIOUS_BYTES_MAX: number = 16 * MIB;
/** ... of which so many are kept with a block of events for others ... */
export const PREVIOUS_BYTES_KEPT_MAX: number = MIB;
/** ... and so many are asked of the engine at a time. */
export const PREVIOUS_LOADS_MAX = 64;
/** Watchers that are brought forward together (etcd) and how many of them may belong to one stream. */
export const PASS_WATCHERS_MAX = 512;
export const PASS_STREAM_WATCHERS_MAX = 64;

/** One read of the store ends with the revision that brings it to this many rows, events or bytes. */
export const HISTORY_ROWS_MAX: number = 16 * KIB;
export const HISTORY_EVENTS_MAX = 4096;
export const HISTORY_BYTES_MAX: number = 256 * KIB;

/** A response body from this size on has a buffer of its own, shared by all its receivers. */
export const SHARED_BODY_BYTES_MIN = 4032;
/** Bytes free in front of a smaller body, for what differs between its receivers. */
export const HEADROOM_BYTES = 64;
