/**
 * gzip in the thread pool, a few jobs at a time: compression must not hold up the loop, nor crowd the pool that the log
 * writes through.
 *
 * Limits: `jobsMax` at once; the jobs that wait are bounded by the calls that are open, each of which has one at a time.
 * Output above `maxBytes` is never produced: inflating stops there.
 */
import { gunzip, gzip } from "node:zlib";

export type ZlibResult =
  | { readonly kind: "done"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large" }
  | { readonly kind: "corrupt"; readonly message: string };

export type ZlibListener = (result: ZlibResult) => void;

export class ZlibJobs {
  readonly #jobsMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(jobsMax: number) {
    this.#jobsMax = jobsMax;
  }

  /** Inflates a gzip message; `listener` runs later, never inside this call. `input` must not change until then. */
  inflate(input: Uint8Array, maxBytes: number, listener: ZlibListener): void {
    this.#enqueue(() => {
      gunzip(input, { maxOutputLength: Math.max(1, maxBytes) }, (error, output) => {
        this.#finish();
        if (error === null) listener({ kind: "done", bytes: output });
        else if ("code" in error && error.code === "ERR_BUFFER_TOO_LARGE") listener({ kind: "too-large" });
        else listener({ kind: "corrupt", message: error.message });
      });
    });
  }

  /** Deflates a message to gzip, at the fastest level. */
  deflate(input: Uint8Array, listener: ZlibListener): void {
    this.#enqueue(() => {
      gzip(input, { level: 1 }, (error, output) => {
        this.#finish();
        listener(
          error === null ? { kind: "done", bytes: output } : { kind: "corrupt", message: error.message },
        );
      });
    });
  }

  #enqueue(job: () => void): void {
    if (this.#running === this.#jobsMax) {
      this.#waiting.push(job);
      return;
    }
    this.#running++;
    job();
  }

  #finish(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
