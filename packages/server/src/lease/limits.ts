/** Limits and intervals of leases on a server; those marked (etcd) carry over. */

/** From one look at expired leases and due checkpoints to the next (etcd). */
export const LEASE_ROUND_MS = 500;
/** Expired leases taken per round: half of a second's revocations (etcd). */
export const REVOKES_PER_ROUND_MAX = 500;
/** Revocations proposed and not yet applied (etcd). */
export const REVOKES_IN_FLIGHT_MAX = 16;
/** Work of one round on the event loop. */
export const ROUND_WORK_MS_MAX = 5;
/** Checkpoints in one entry (etcd). */
export const CHECKPOINTS_PER_ENTRY_MAX = 1000;
/** Entries of checkpoints per round (etcd). */
export const CHECKPOINT_ENTRIES_PER_ROUND_MAX = 500;
/** Keys of revoked leases whose memory is freed per turn. */
export const SWEPT_KEYS_PER_TURN = 256;

/** Heartbeats that a leader may miss before it must confirm that it still leads (etcd). */
export const HEARTBEATS_MISSED_MAX = 3;
/** How long a request about a lease waits until what is committed is applied (etcd). */
export const APPLY_WAIT_MS = 1000;
/** From one look at the applied index to the next, while somebody waits. */
export const APPLY_POLL_MS = 5;
/** From one attempt to reach the leader to the next (etcd). */
export const FORWARD_PAUSE_MS = 50;
/** Renewals that wait for a revocation under way; more are refused. */
export const RENEWALS_WAITING_MAX = 100_000;

/** Attached keys copied per turn. */
export const KEYS_PER_TURN = 4096;
