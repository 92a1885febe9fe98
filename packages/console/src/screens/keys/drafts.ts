/**
 * Edits that were left without being saved: kept until the key is opened again, saved or discarded, or the page is closed, which asks
 * first. One set for each cluster; beyond `DRAFTS_MAX` the oldest goes.
 */
import type { mvccpb } from "@quorate/proto";
import { escapeBytes } from "../../text/escape.js";
import type { ValueFormat } from "./keys-state.js";

export const DRAFTS_MAX = 50;

export interface Draft {
  readonly text: string;
  readonly format: ValueFormat;
  /** The state that the person saw. */
  readonly base: mvccpb.KeyValue;
}

export class Drafts {
  readonly #drafts = new Map<string, Draft>();

  get size(): number {
    return this.#drafts.size;
  }

  get(key: Uint8Array): Draft | undefined {
    return this.#drafts.get(escapeBytes(key));
  }

  keep(key: Uint8Array, draft: Draft): void {
    const name = escapeBytes(key);
    this.#drafts.delete(name);
    this.#drafts.set(name, draft);
    const [oldest] = this.#drafts.keys();
    if (this.#drafts.size > DRAFTS_MAX && oldest !== undefined) this.#drafts.delete(oldest);
  }

  drop(key: Uint8Array): void {
    this.#drafts.delete(escapeBytes(key));
  }
}

const all = new Map<object, Drafts>();
let isWatching = false;

/** @param cluster what stands for the cluster as long as the page lives. */
export function draftsOf(cluster: object): Drafts {
  let drafts = all.get(cluster);
  if (drafts === undefined) all.set(cluster, (drafts = new Drafts()));
  if (!isWatching) {
    isWatching = true;
    window.addEventListener("beforeunload", (event) => {
      if ([...all.values()].some(({ size }) => size > 0)) event.preventDefault();
    });
  }
  return drafts;
}
