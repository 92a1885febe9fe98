/** What the holder of one lease did with it and was told. Only the holder touches it; operations follow one another. */
interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

export type LeaseOperation =
  | (Times & { readonly kind: "renew"; readonly ttlMs: number })
  /** `gone`: there was no such lease. */
  | (Times & { readonly kind: "revoke"; readonly outcome: "ok" | "gone" | "failed" | "unknown" })
  | (Times & {
      readonly kind: "attach";
      readonly key: string;
      readonly outcome: "ok" | "gone" | "failed" | "unknown";
    })
  /** Which of its keys were there with this lease, read linearizably. */
  | (Times & { readonly kind: "read"; readonly present: readonly string[] })
  /** `remainingMs` as told in whole seconds, undefined when there was no such lease; `term` of the member that told it. */
  | (Times & {
      readonly kind: "time-to-live";
      readonly remainingMs: number | undefined;
      readonly term: number;
      readonly keys: readonly string[];
    });

export interface LeaseHistory {
  /** For people. */
  readonly lease: string;
  readonly grant: Times & { readonly ttlMs: number };
  /** In the order in which they were done. Those without an answer are left out, but for those that may have changed something. */
  readonly operations: readonly LeaseOperation[];
}

/** When a client was told of a term of raft, by whatever answer. */
export interface TermSeen {
  readonly atMs: number;
  readonly term: number;
}
