/**
 * Tells operators of requests that take long, in etcd's words: entries whose application did, reads that did, and unary calls as a whole.
 * When everything is slow there is a line for each, and lines are written at once: so a few a second are told of, and how many were not.
 * Source: etcd `server/etcdserver/txn/util.go`, `api/v3rpc/interceptor.go`.
 */
import type { CallBase } from "@quorate/rpc";
import { etcdserverpb, fromBinary } from "@quorate/proto";
import type { ReportPort } from "../member/ports.js";
import type { SlowApply } from "../metrics/metered-applier.js";
import { formatGoDuration } from "./config/go-values.js";

export const LINES_PER_SECOND_MAX = 10;
/** Of keys that are shown. */
const KEY_CHARS_MAX = 256;

export interface SlowRequestsOptions {
  readonly report: Pick<ReportPort, "warn">;
  readonly warningApplyMs: number;
  readonly warningUnaryRequestMs: number;
  readonly nowMs: () => number;
  /** A read that was slow counts as a slow application. */
  readonly onSlowRead: () => void;
}

export class SlowRequests {
  readonly #options: SlowRequestsOptions;
  #secondStartMs = -Infinity;
  #lines = 0;
  #untold = 0;

  constructor(options: SlowRequestsOptions) {
    this.#options = options;
  }

  /** The shortest time of a call that anybody is told of. */
  get callsAboveMs(): number {
    return Math.min(this.#options.warningApplyMs, this.#options.warningUnaryRequestMs);
  }

  readonly applied = ({ operation, entry, ms, refusal }: SlowApply): void => {
    this.#warn("apply request took too long", {
      took: formatGoDuration(ms),
      "expected-duration": formatGoDuration(this.#options.warningApplyMs),
      prefix: "",
      request: describeEntry(operation, entry),
      response: "",
      ...(refusal === undefined ? {} : { error: refusal }),
    });
  };

  readonly called = (call: CallBase, status: number, ms: number): void => {
    const { warningApplyMs, warningUnaryRequestMs, onSlowRead } = this.#options;
    const took = formatGoDuration(ms);
    if (call.path === RANGE_PATH && ms >= warningApplyMs) {
      onSlowRead();
      this.#warn("apply request took too long", {
        took,
        "expected-duration": formatGoDuration(warningApplyMs),
        prefix: "read-only range ",
        remote: call.peer,
        "grpc-code": status,
      });
    }
    if (ms < warningUnaryRequestMs) return;
    this.#warn("request stats", {
      "start time": new Date(Date.now() - ms).toISOString(),
      "time spent": took,
      remote: call.peer,
      "response type": call.path,
      "grpc-code": status,
    });
  };

  #warn(message: string, fields: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#secondStartMs >= 1000) {
      this.#secondStartMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines === LINES_PER_SECOND_MAX) {
      this.#untold += 1;
      return;
    }
    this.#lines += 1;
    const untold = this.#untold === 0 ? {} : { "slow-requests-not-told-of": this.#untold };
    this.#untold = 0;
    this.#options.report.warn(message, { ...fields, ...untold });
  }
}

const RANGE_PATH = "/etcdserverpb.KV/Range";

/** What an entry asks for, without values and without secrets. */
export function describeEntry(operation: string, entry: Uint8Array): string {
  const { header, put, deleteRange, txn, compaction } = fromBinary(
    etcdserverpb.InternalRaftRequestSchema,
    entry,
  );
  const id = `header:<ID:${String(header?.ID ?? 0n)} > `;
  if (put !== undefined) return `${id}put:<key:${quoted(put.key)} value_size:${String(put.value.length)} >`;
  if (deleteRange !== undefined)
    return `${id}delete_range:<key:${quoted(deleteRange.key)} range_end:${quoted(deleteRange.rangeEnd)} >`;
  if (txn !== undefined) {
    const { compare, success, failure } = txn;
    return `${id}txn:<compare:${String(compare.length)} success:${String(success.length)} failure:${String(failure.length)} >`;
  }
  if (compaction !== undefined) return `${id}compaction:<revision:${String(compaction.revision)} >`;
  return `${id}${operation}:<size:${String(entry.length)} >`;
}

function quoted(key: Uint8Array): string {
  const text = Buffer.from(key).toString();
  return JSON.stringify(text.length > KEY_CHARS_MAX ? `${text.slice(0, KEY_CHARS_MAX)}...` : text);
}
