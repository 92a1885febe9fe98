/**
 * What a member counts while it works: plain fields that the code that does the work adds to, and histograms. Nothing here is ever
 * reset, and nothing is computed before a scrape. Names and buckets are given by what etcd exposes; see docs/internals/metrics.md.
 */
import { exponentialBounds, Histogram } from "./histogram.js";
import { WatchMeters } from "./watch-meters.js";

/** From 1 ms to 8 s. */
const DISK_SECONDS = exponentialBounds(0.001, 2, 14);

/** Counts of one peer, by its direction. */
export interface PeerMeters {
  sentBytes: number;
  sentFailures: number;
  receivedBytes: number;
  receivedFailures: number;
  disconnections: number;
  snapshotSendSuccess: number;
  snapshotSendFailures: number;
  snapshotSendInflight: number;
  snapshotReceiveSuccess: number;
  snapshotReceiveFailures: number;
  snapshotReceiveInflight: number;
  readonly snapshotSendSeconds: Histogram;
  readonly snapshotReceiveSeconds: Histogram;
  readonly roundTripSeconds: Histogram;
}

export class MemberMeters {
  // Consensus
  leaderChanges = 0;
  heartbeatSendFailures = 0;
  slowApplies = 0;
  snapshotAppliesInProgress = 0;
  learnerPromotions = 0;
  readonly learnerPromotionFailures: Map<string, number> = new Map();

  // Disk
  readonly walWriteSeconds: Histogram = new Histogram(DISK_SECONDS);
  walWriteBytes = 0;
  readonly backendCommitSeconds: Histogram = new Histogram(DISK_SECONDS);
  backendRows = 0;
  backendBytes = 0;
  readonly backendFlushSeconds: Histogram = new Histogram(DISK_SECONDS);
  readonly backendReadSeconds: Histogram = new Histogram(DISK_SECONDS);
  backendRowsRead = 0;
  readonly defragSeconds: Histogram = new Histogram(exponentialBounds(0.1, 2, 13));
  defragsInProgress = 0;
  readonly backendSnapshotSeconds: Histogram = new Histogram(exponentialBounds(0.01, 2, 17));
  readonly hashSeconds: Histogram = new Histogram(exponentialBounds(0.01, 2, 15));
  readonly hashRevisionSeconds: Histogram = new Histogram(exponentialBounds(0.01, 2, 15));
  readonly receivedDatabaseSyncSeconds: Histogram = new Histogram(DISK_SECONDS);
  readonly receivedDatabaseSeconds: Histogram = new Histogram(exponentialBounds(0.1, 2, 10));

  // Applied entries
  readonly applies: Map<string, ApplyMeter> = new Map();
  readonly watches: WatchMeters = new WatchMeters();
  leasesGranted = 0;
  leasesRevoked = 0;
  readonly leaseTtlSeconds: Histogram = new Histogram(exponentialBounds(1, 2, 24));

  /** Labels of alarms that were active at some scrape. */
  readonly alarmsSeen: Set<string> = new Set();

  // Compactions
  compactedKeys = 0;
  lastCompactionUnixSeconds = 0;
  readonly compactionPauseMs: Histogram = new Histogram(exponentialBounds(1, 2, 13));
  readonly compactionTotalMs: Histogram = new Histogram(exponentialBounds(100, 2, 14));
  readonly indexCompactionPauseMs: Histogram = new Histogram(exponentialBounds(0.5, 2, 14));

  // HTTP
  healthSuccess = 0;
  healthFailures = 0;
  /** Checks of the probes: `type name status` -> count, and the last result by `type name`. */
  readonly healthChecks: Map<string, number> = new Map();
  readonly healthCheckResults: Map<string, boolean> = new Map();
  scrapes = 0;
  scrapesInProgress = 0;
  /** TLS handshakes that failed, by port. */
  readonly rejectedConnections: { client: number; peer: number; metrics: number } = {
    client: 0,
    peer: 0,
    metrics: 0,
  };

  // Other members, by hexadecimal id
  readonly peers: Map<string, PeerMeters> = new Map();

  /** A check of a probe has run. */
  healthChecked(probe: string, name: string, isOk: boolean): void {
    const key = `${probe} ${name}`;
    const counted = `${key} ${isOk ? "success" : "error"}`;
    this.healthCheckResults.set(key, isOk);
    this.healthChecks.set(counted, (this.healthChecks.get(counted) ?? 0) + 1);
  }

  /** A promotion of a learner was tried here, as leader. @param failure why it failed, undefined when it did not */
  promotionTried(failure: string | undefined): void {
    const failures = this.learnerPromotionFailures;
    if (failure === undefined) this.learnerPromotions += 1;
    else failures.set(failure, (failures.get(failure) ?? 0) + 1);
  }

  /** The counts of a peer, which are kept when it is gone. @param id hexadecimal */
  peer(id: string): PeerMeters {
    let found = this.peers.get(id);
    if (found === undefined) this.peers.set(id, (found = createPeerMeters()));
    return found;
  }
}

/** Entries of one operation with one result. */
export class ApplyMeter {
  readonly operation: string;
  readonly isSuccess: boolean;
  readonly seconds: Histogram = new Histogram(exponentialBounds(0.0001, 2, 20));
  /** Entries that were not measured, for which the next measured one will stand. */
  unmeasured = 0;
  /** Seconds of the last measured one. */
  lastSeconds = 0;

  constructor(operation: string, isSuccess: boolean) {
    this.operation = operation;
    this.isSuccess = isSuccess;
  }

  measured(seconds: number): void {
    this.lastSeconds = seconds;
    this.seconds.observe(seconds, this.unmeasured + 1);
    this.unmeasured = 0;
  }

  /** Counts the unmeasured ones in, so that the count is exact. */
  settle(): void {
    if (this.unmeasured === 0) return;
    this.seconds.observe(this.lastSeconds, this.unmeasured);
    this.unmeasured = 0;
  }
}

function createPeerMeters(): PeerMeters {
  const transferBounds = exponentialBounds(0.1, 2, 10);
  return {
    sentBytes: 0,
    sentFailures: 0,
    receivedBytes: 0,
    receivedFailures: 0,
    disconnections: 0,
    snapshotSendSuccess: 0,
    snapshotSendFailures: 0,
    snapshotSendInflight: 0,
    snapshotReceiveSuccess: 0,
    snapshotReceiveFailures: 0,
    snapshotReceiveInflight: 0,
    snapshotSendSeconds: new Histogram(transferBounds),
    snapshotReceiveSeconds: new Histogram(transferBounds),
    roundTripSeconds: new Histogram(exponentialBounds(0.0001, 2, 16)),
  };
}
