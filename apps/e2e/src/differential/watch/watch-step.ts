/** What happens in a run, the same for every server that takes part. */
import type { Write } from "./history-model.js";
import type { WatcherSpec } from "./watcher-judge.js";

/** How a request to watch has to be answered: with an id, or refused for a reason. */
export type Answer = { readonly id: bigint } | { readonly reason: string };

export type WatchStep =
  | { readonly kind: "write"; readonly write: Write }
  | {
      readonly kind: "watch";
      readonly slot: number;
      readonly spec: WatcherSpec;
      /** 0n to be given one. */
      readonly id: bigint;
      readonly answer: Answer;
    }
  | { readonly kind: "cancel"; readonly slot: number; readonly id: bigint }
  | { readonly kind: "cancel-nobody"; readonly slot: number; readonly id: bigint }
  | { readonly kind: "progress"; readonly slot: number }
  | { readonly kind: "pause"; readonly slot: number }
  | { readonly kind: "resume"; readonly slot: number }
  /** The stream breaks; its watchers go on with a new one. */
  | { readonly kind: "reopen"; readonly slot: number }
  /** Everybody has to be told everything. */
  | { readonly kind: "settle" }
  /** A server is stopped or killed, or another one leads. */
  | { readonly kind: "disrupt" };

export const SLOTS = 5;

export function describeStep(step: WatchStep): string {
  return JSON.stringify(step, (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    return typeof value === "string" && value.length > 60 ? `${value.length} x ${value[0]}` : value;
  });
}
