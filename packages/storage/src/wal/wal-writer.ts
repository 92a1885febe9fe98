/**
 * Group commit: the hot path of every change.
 *
 * ```
 * append --> encode into the open group      one write under way at a time
 *                 |                               |
 *            [open group] --> [closed groups] --> [write] --> done callbacks, in order
 * ```
 *
 * Whatever arrives while a write is under way is encoded, at once, into the group that goes out next as ONE positioned
 * write. So the disk is never idle while there is work, and the busier the log, the larger its writes.
 *
 * Segments are cut at encoding time, because the checksum chain runs through the segment's opening records: the first group
 * of a new segment begins with them, is written into the prepared file, and only then does the file get its name.
 *
 * A failed write is final: the system may have dropped the pages, so a second attempt that "succeeds" proves nothing. All
 * waiters get the error, and so does every later append.
 */
import type { Entry, HardState } from "@quorate/raft";
import { isEmptyHardState } from "@quorate/raft";
import { OperationalError, toOperationalError } from "../errors.js";
import type { FileSystem } from "../vfs/file-system.js";
import { FrameEncoder } from "./frame-encoder.js";
import type { WalLimits } from "./limits.js";
import { GROUP_BYTES_INITIAL, POOLED_BUFFERS_MAX } from "./limits.js";
import type { WalMetadata, WalSnapshot } from "./record.js";
import { RecordType, encodeHardState, encodeMetadata, encodeSnapshot } from "./record.js";
import type { Segment } from "./segment.js";
import type { SegmentName } from "./segment-name.js";
import { createSegmentName } from "./segment-name.js";
import { SegmentSupply } from "./segment-supply.js";

/** Records that become durable together or not at all, as far as any reader can tell. */
export interface WalBatch {
  /** Overwrites what the log has at the first entry's index and above. */
  readonly entries: readonly Entry[];
  readonly hardState?: HardState | undefined;
  /** Written before the entries, so that no entry ever relies on a snapshot the log does not know. */
  readonly snapshot?: WalSnapshot | undefined;
}

/** Runs once, in the order of the appends; an error means that the log has failed for good. */
export type AppendDone = (error: OperationalError | undefined) => void;

/** What the writer needs to go on where the reader, or the creation of the log, ended. */
export interface WriterStart {
  readonly files: FileSystem;
  readonly dir: string;
  readonly limits: WalLimits;
  readonly metadata: WalMetadata;
  readonly segment: Segment;
  readonly segmentName: SegmentName;
  readonly offset: number;
  readonly crc: number;
  readonly lastIndex: number;
  readonly hardState: HardState;
}

interface Group {
  bytes: Buffer;
  length: number;
  /** Where it goes in its segment. */
  readonly position: number;
  /** Set when this group opens a new segment. */
  readonly opens: SegmentName | undefined;
  readonly dones: AppendDone[];
}

export class WalWriter {
  readonly #files: FileSystem;
  readonly #dir: string;
  readonly #limits: WalLimits;
  readonly #metadata: WalMetadata;
  readonly #supply: SegmentSupply;
  readonly #encoder: FrameEncoder;
  readonly #pool: Buffer[] = [];
  /** Told when a segment has its name. */
  readonly #onSegment: (name: SegmentName) => void;

  /** The segment of the write under way; encoding may already be one or more segments further. */
  #segment: Segment;
  /** End of the records in it. */
  #writtenBytes: number;
  /** The segment that is encoded for. */
  #encodingFor: SegmentName;
  #open: Group;
  #closed: Group[] = [];
  #writing: Group | undefined;
  #queuedBytes = 0;

  #lastIndex: number;
  #hardState: HardState;
  /** Whether `#hardState` has been encoded. */
  #hardStateIsOld = true;
  #failure: OperationalError | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(start: WriterStart, onSegment: (name: SegmentName) => void) {
    this.#files = start.files;
    this.#dir = start.dir;
    this.#limits = start.limits;
    this.#metadata = start.metadata;
    this.#supply = new SegmentSupply(start.files, start.dir, start.limits);
    this.#onSegment = onSegment;
    this.#segment = start.segment;
    this.#writtenBytes = start.offset;
    this.#encodingFor = start.segmentName;
    this.#lastIndex = start.lastIndex;
    this.#hardState = start.hardState;
    const bytes = Buffer.allocUnsafeSlow(GROUP_BYTES_INITIAL);
    this.#encoder = new FrameEncoder(start.crc, bytes);
    this.#open = { bytes, length: 0, position: start.offset, opens: undefined, dones: [] };
    this.#keepAhead(start.offset);
  }

  /** Bytes encoded and not yet durable. */
  get queuedBytes(): number {
    return this.#queuedBytes + this.#encoder.length;
  }

  get failure(): OperationalError | undefined {
    return this.#failure;
  }

  /** See `Wal.append`. */
  append(batch: WalBatch, done: AppendDone): boolean {
    if (this.#failure !== undefined) {
      queueMicrotask(() => done(this.#failure));
      return true;
    }
    if (this.queuedBytes >= this.#limits.queueBytesMax) return false;
    const isEmpty =
      batch.entries.length === 0 && batch.hardState === undefined && batch.snapshot === undefined;
    if (isEmpty && this.#hardStateIsOld && this.#writing === undefined) {
      queueMicrotask(() => done(undefined));
      return true;
    }
    if (batch.snapshot !== undefined) {
      this.#makeRoom();
      this.#encoder.record(RecordType.Snapshot, encodeSnapshot(batch.snapshot));
      // An installed snapshot may lie ahead of all entries; the next segment's name must say so.
      if (batch.snapshot.index > this.#lastIndex) this.#lastIndex = batch.snapshot.index;
    }
    const entries = batch.entries;
    for (let i = 0; i < entries.length; i++) {
      this.#makeRoom();
      const entry = entries[i] as Entry;
      this.#encoder.entry(entry);
      // At once: a cut in the middle of a batch names its segment after it.
      this.#lastIndex = entry.index;
    }
    if (batch.hardState !== undefined) this.setHardState(batch.hardState);
    this.#encodeHardState();
    this.#newestGroup().push(done);
    if (this.#writing === undefined) this.#writeNext();
    return true;
  }

  /** Whom to tell about what was encoded last. A batch without records waits for whatever is before it. */
  #newestGroup(): AppendDone[] {
    if (this.#encoder.length > 0) return this.#open.dones;
    const group = this.#closed[this.#closed.length - 1] ?? this.#writing;
    return group?.dones ?? this.#open.dones;
  }

  /** Remembers a state that goes out with the next append. */
  setHardState(state: HardState): void {
    this.#hardState = state;
    this.#hardStateIsOld = false;
  }

  /** Whether a state set by `setHardState` has not gone out yet. */
  get owesHardState(): boolean {
    return !this.#hardStateIsOld;
  }

  /** Resolves when nothing is queued or under way. */
  async idle(): Promise<void> {
    while (this.#writing !== undefined) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** After `idle`: gives files back. */
  async close(): Promise<void> {
    this.#failure ??= new OperationalError("closed", `${this.#dir}: the log is closed`);
    this.#segment.stopFilling();
    await this.#segment.filled();
    await this.#segment.file.close();
    await this.#supply.discard();
  }

  #encodeHardState(): void {
    if (this.#hardStateIsOld) return;
    this.#hardStateIsOld = true;
    if (isEmptyHardState(this.#hardState)) return;
    this.#makeRoom();
    this.#encoder.record(RecordType.State, encodeHardState(this.#hardState));
  }

  /** Before each record: cuts the segment when it is full, starts another group when the open one is. */
  #makeRoom(): void {
    const length = this.#encoder.length;
    if (this.#open.position + length >= this.#limits.segmentCutBytes) this.#cut();
    else if (length >= this.#limits.groupBytesMax) this.#closeGroup(this.#open.position + length, undefined);
  }

  /** Ends the segment: what follows is encoded for the next one, behind the records that open it. */
  #cut(): void {
    const name = createSegmentName(this.#encodingFor.sequence + 1, this.#lastIndex + 1);
    this.#encodingFor = name;
    this.#closeGroup(0, name);
    this.#encoder.crcRecord();
    this.#encoder.record(RecordType.Metadata, encodeMetadata(this.#metadata));
    if (!isEmptyHardState(this.#hardState)) {
      this.#encoder.record(RecordType.State, encodeHardState(this.#hardState));
      this.#hardStateIsOld = true;
    }
  }

  /** Puts the open group in line and opens the next at `position`. */
  #closeGroup(position: number, opens: SegmentName | undefined): void {
    this.#takeEncoded();
    if (this.#open.length > 0) this.#closed.push(this.#open);
    else this.#recycle(this.#open.bytes);
    const bytes = this.#pool.pop() ?? Buffer.allocUnsafeSlow(GROUP_BYTES_INITIAL);
    this.#encoder.start(bytes);
    this.#open = { bytes, length: 0, position, opens, dones: [] };
  }

  #takeEncoded(): void {
    const open = this.#open;
    // The encoder may have moved to a larger buffer.
    open.bytes = this.#encoder.bytes;
    open.length = this.#encoder.length;
    this.#queuedBytes += open.length;
  }

  #writeNext(): void {
    if (this.#closed.length === 0) {
      if (this.#encoder.length === 0) return this.#becomeIdle();
      this.#closeGroup(this.#open.position + this.#encoder.length, undefined);
    }
    const group = this.#closed.shift() as Group;
    this.#writing = group;
    if (group.opens !== undefined) void this.#writeFirst(group, group.opens);
    else
      this.#segment.write(group.bytes, group.length, group.position, (error) => this.#written(group, error));
  }

  /** Writes the group that opens a segment, then gives the segment its name; nobody sees it before it is whole. */
  async #writeFirst(group: Group, name: SegmentName): Promise<void> {
    const full = this.#segment;
    let segment: Segment | undefined;
    try {
      segment = await this.#supply.take();
      await this.#writeAndName(segment, group, name);
    } catch (error) {
      if (segment !== undefined) void retire(segment, undefined);
      return this.#written(group, error);
    }
    this.#segment = segment;
    void retire(full, this.#writtenBytes);
    this.#onSegment(name);
    this.#written(group, null);
  }

  async #writeAndName(segment: Segment, group: Group, name: SegmentName): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settle = (error: Error | null): void => (error === null ? resolve() : reject(error));
      segment.write(group.bytes, group.length, group.position, settle);
    });
    const path = `${this.#dir}/${name.name}`;
    await this.#files.rename(segment.path, path);
    await this.#files.syncDirectory(this.#dir);
    segment.path = path;
  }

  #written(group: Group, error: unknown): void {
    this.#queuedBytes -= group.length;
    this.#writing = undefined;
    if (error !== null)
      return this.#fail(toOperationalError(error, `writing the log in ${this.#dir}`), group);
    this.#writtenBytes = group.position + group.length;
    this.#keepAhead(this.#writtenBytes);
    this.#recycle(group.bytes);
    // First the disk, then the callbacks: they may take a while.
    this.#writeNext();
    const dones = group.dones;
    for (let i = 0; i < dones.length; i++) (dones[i] as AppendDone)(undefined);
  }

  #fail(failure: OperationalError, group: Group): void {
    this.#failure = failure;
    const groups = [group, ...this.#closed, this.#open];
    this.#closed = [];
    this.#queuedBytes = 0;
    this.#encoder.start(this.#encoder.bytes);
    this.#open = { ...this.#open, dones: [] };
    this.#becomeIdle();
    for (const failed of groups) for (const done of failed.dones) done(failure);
  }

  #becomeIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resume of waiting) resume();
  }

  #keepAhead(offset: number): void {
    const { segmentBytes, fillAheadBytes, prepareAtBytes, fillChunkBytes } = this.#limits;
    const target = Math.min(offset + fillAheadBytes, segmentBytes);
    // In whole chunks: a trickle of small records must not cause a trickle of small fills.
    if (this.#segment.filledBytes + fillChunkBytes <= target || target === segmentBytes) {
      this.#segment.fill(target, this.#supply.zeros);
    }
    if (offset >= prepareAtBytes) this.#supply.prepare();
  }

  #recycle(bytes: Buffer): void {
    if (bytes.length <= this.#limits.pooledBytesMax && this.#pool.length < POOLED_BUFFERS_MAX)
      this.#pool.push(bytes);
  }
}

/**
 * Closes a segment that gets no more records. Cutting off the zeros behind `usedBytes` only saves space, so nobody waits for
 * it, or for its failure.
 */
async function retire(segment: Segment, usedBytes: number | undefined): Promise<void> {
  segment.stopFilling();
  await segment.filled();
  if (usedBytes !== undefined) await segment.file.truncate(usedBytes).catch(() => {});
  await segment.file.close().catch(() => {});
}
