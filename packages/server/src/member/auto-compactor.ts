/**
 * Auto-compaction: forgets history by age (`periodic`) or by count (`revision`), with etcd's retention rules. Runs on every
 * member; only the leader acts. Source: etcd `server/etcdserver/api/v3compactor`.
 */
import type { ClockPort, ReportPort, SchedulerPort } from "./ports.js";

const HOUR_MS = 3_600_000;
/** The period (at most an hour of it) is sampled this often. */
const SAMPLES_PER_PERIOD = 10;
const REVISION_INTERVAL_MS = 300_000;

export interface AutoCompactorParts {
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  readonly report: ReportPort;
  readonly revision: () => number;
  readonly isLeader: () => boolean;
  /** @returns true when the store is now compacted at `revision` (also when it had been before). */
  readonly compact: (revision: number) => Promise<boolean>;
}

/**
 * Compacts to the revision seen one period ago. First when the period has passed, then at least min(period, 1 h) apart;
 * a failure is tried again at the next sample. Samples are taken on followers too, so that a new leader knows the past.
 * @returns a function that stops it.
 */
export function startPeriodicCompactor(parts: AutoCompactorParts, periodMs: number): () => void {
  const intervalMs = Math.min(periodMs, HOUR_MS);
  const sampleMs = intervalMs / SAMPLES_PER_PERIOD;
  const samplesKept = Math.floor(periodMs / sampleMs) + 1;
  const samples: number[] = [];
  const startedMs = parts.clock.monotonicMs();
  let lastSuccessMs: number | undefined;
  let lastRevision = 0;
  let busy = false;
  const step = async (): Promise<void> => {
    samples.push(parts.revision());
    if (samples.length > samplesKept) samples.shift();
    if (busy || !parts.isLeader()) return;
    const nowMs = parts.clock.monotonicMs();
    const dueMs = lastSuccessMs === undefined ? startedMs + periodMs : lastSuccessMs + intervalMs;
    const target = samples[0] ?? 0;
    // Half a sample of slack: timers come late, and a whole sample later would be a tenth of the period.
    if (nowMs + sampleMs / 2 < dueMs || target === lastRevision) return;
    busy = true;
    const done = await compactTo(parts, target);
    busy = false;
    if (!done) return;
    lastRevision = target;
    lastSuccessMs = nowMs;
  };
  return parts.scheduler.every(sampleMs, () => void step());
}

/** Every five minutes, compacts to the newest revision less `retention`. @returns a function that stops it. */
export function startRevisionCompactor(parts: AutoCompactorParts, retention: number): () => void {
  let lastRevision = 0;
  let busy = false;
  const step = async (): Promise<void> => {
    const target = parts.revision() - retention;
    if (busy || target <= 0 || target === lastRevision || !parts.isLeader()) return;
    busy = true;
    if (await compactTo(parts, target)) lastRevision = target;
    busy = false;
  };
  return parts.scheduler.every(REVISION_INTERVAL_MS, () => void step());
}

async function compactTo(parts: AutoCompactorParts, revision: number): Promise<boolean> {
  parts.report.info("starting auto compaction", { revision });
  const done = await parts.compact(revision);
  if (done) parts.report.info("completed auto compaction", { revision });
  else parts.report.warn("failed auto compaction", { revision });
  return done;
}
