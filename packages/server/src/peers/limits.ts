/**
 * Every bound and interval of the peer protocol, with its unit. Those marked (etcd) are facts of the protocol that the other side
 * relies on; the rest bound our own memory and time.
 */

/** Largest frame of a stream and largest body of `POST /raft` (etcd). */
export const MESSAGE_BYTES_MAX: number = 512 * 1024 * 1024;
/** Largest MsgSnap in front of a database (etcd, from 3.7.1 on). */
export const SNAPSHOT_MESSAGE_BYTES_MAX: number = 64 * 1024 * 1024;
/** Entries in one message. A leader of etcd fills a message up to 512 KiB, which this exceeds tenfold even with empty entries. */
export const MESSAGE_ENTRIES_MAX: number = 1 << 20;

/** Messages waiting for one stream (etcd). */
export const STREAM_QUEUE_MESSAGES_MAX = 4096;
/** Encoded bytes waiting for one stream; one message above it still passes an empty queue. */
export const STREAM_QUEUE_BYTES_MAX: number = 64 * 1024 * 1024;
/** Bytes handed to a socket at once; no more are handed over before these have left. */
export const STREAM_WRITE_BYTES_MAX: number = 1024 * 1024;
/** A third of the read deadline, as etcd's writers do (etcd). */
export const LINK_HEARTBEAT_MS: number = 5000 / 3;
/** A connection that carries nothing for so long is given up (etcd). */
export const STREAM_READ_TIMEOUT_MS = 5000;
/** A connection that takes nothing for so long is given up (etcd). */
export const STREAM_WRITE_TIMEOUT_MS = 5000;
/** Least time between two attempts to dial one stream: ten a second (etcd). */
export const DIAL_INTERVAL_MS = 100;
/** For a TCP connection to be made: one second plus the default election timeout (etcd). */
export const CONNECT_TIMEOUT_MS = 2000;
/** (etcd) */
export const TCP_KEEP_ALIVE_MS = 30_000;

/** Messages waiting for `POST /raft` (etcd). */
export const PIPELINE_QUEUE_MESSAGES_MAX = 64;
export const PIPELINE_QUEUE_BYTES_MAX: number = 64 * 1024 * 1024;
/** Posts under way to one peer (etcd). */
export const PIPELINE_CONNECTIONS_MAX = 4;
/** A post whose connection stays silent for so long has failed. */
export const POST_IDLE_TIMEOUT_MS = 5000;
/** Go servers close an idle connection after 5 s; one that has been idle for this long is not used again. */
export const KEEP_ALIVE_IDLE_MS = 2000;

/** A receiver that takes no byte of a database for so long has failed. */
export const SNAPSHOT_STALL_TIMEOUT_MS = 30_000;
/** From the last byte of a database to the answer: the receiver checks and imports it meanwhile. */
export const SNAPSHOT_ANSWER_TIMEOUT_MS = 600_000;
/** A sender that brings no byte of a database for so long has failed. */
export const SNAPSHOT_READ_TIMEOUT_MS = 30_000;
/** Bytes of an incoming database gathered for one write to disk. */
export const SNAPSHOT_WRITE_BYTES: number = 1024 * 1024;
/** Databases that are received at once. */
export const SNAPSHOTS_RECEIVED_MAX = 4;

/** Members that are known only by what they said about themselves. */
export const REMOTES_MAX = 64;
/** URLs in one X-PeerURLs header that are believed. */
export const PEER_URLS_MAX = 64;

/** Between two probes of a peer (etcd). */
export const PROBE_INTERVAL_MS = 4000;
/** An answer to a probe that takes longer counts as none. */
export const PROBE_TIMEOUT_MS = 4000;
/** Clocks further apart than this are warned about (etcd). */
export const CLOCK_DRIFT_MAX_MS = 1000;
/** Between two warnings of one kind about one peer (etcd: while it is well). */
export const PROBE_WARNING_INTERVAL_MS = 30_000;

/** Connections to the peer port: four streams, four posts, a snapshot and a few look-ups for each of many members. */
export const PEER_CONNECTIONS_MAX = 1024;
/** From the first byte of a request to the end of its headers. */
export const PEER_HEADERS_TIMEOUT_MS = 10_000;
export const PEER_HEADER_BYTES_MAX: number = 16 * 1024;
/** Idle time of a connection that is kept; at least the 5 s of etcd's. */
export const PEER_KEEP_ALIVE_MS = 10_000;
/** A body that brings no byte for so long has failed. */
export const BODY_READ_TIMEOUT_MS = 10_000;
/** Body of `POST /leases` (etcd). */
export const LEASE_BODY_BYTES_MAX: number = 64 * 1024;
/** Body of `GET /members/hashkv`: a few dozen bytes of JSON. */
export const HASHKV_BODY_BYTES_MAX: number = 4 * 1024;
/** How long `POST /leases` waits for what is committed to be applied (etcd). */
export const LEASE_APPLY_WAIT_MS = 1000;
export const LEASE_APPLY_POLL_MS = 5;
/** Answer of another member to a look-up. */
export const ANSWER_BYTES_MAX: number = 16 * 1024 * 1024;
/** From one look at the leader's URLs for a lease to the next (etcd). */
export const LEASE_RETRY_PAUSE_MS = 50;
