/** Sizes of the log's buffers and files, in bytes. */
export interface WalLimits {
  /** A segment that has grown to this is closed; the next record opens a new one. etcd: 64 000 000. */
  readonly segmentCutBytes: number;
  /** What a segment is filled with zeros to, so that writes never wait for the file system to find space. etcd: 64 MiB. */
  readonly segmentBytes: number;
  /** Zeros a segment has when it is put to use; little, because the very first one is on the way of a start. */
  readonly firstFillBytes: number;
  /** Zeros written at a time in the background: small enough that a log write queued behind one does not notice. */
  readonly fillChunkBytes: number;
  /** How far ahead of the newest record the current segment is filled. An idle log holds no more than this. */
  readonly fillAheadBytes: number;
  /** How full the current segment is when the next one is prepared. */
  readonly prepareAtBytes: number;
  /** One write to the disk holds this much plus at most one record. */
  readonly groupBytesMax: number;
  /** Bytes encoded and not yet written; `append` refuses above it. */
  readonly queueBytesMax: number;
  /** Group buffers above this size are given back to the collector instead of being used again. */
  readonly pooledBytesMax: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const defaultWalLimits: WalLimits = {
  segmentCutBytes: 64_000_000,
  segmentBytes: 64 * MIB,
  firstFillBytes: 256 * KIB,
  fillChunkBytes: MIB,
  fillAheadBytes: 16 * MIB,
  prepareAtBytes: 16 * MIB,
  groupBytesMax: MIB,
  queueBytesMax: 64 * MIB,
  pooledBytesMax: 4 * MIB,
};

/** Buffers start small: an idle member writes groups of a few hundred bytes. */
export const GROUP_BYTES_INITIAL: number = 64 * KIB;
/** Buffers kept for reuse: one being filled, one under way, one between. */
export const POOLED_BUFFERS_MAX = 3;
