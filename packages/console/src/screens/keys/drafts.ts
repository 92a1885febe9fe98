/**
 * Edits that were left without being saved: kept until the key is opened again, saved or discarded, or the page is closed, which asks
 * first. One set for each cluster; beyond `DRAFTS_MAX` the oldest goes.
 */
import type { mvccpb } from "@quorate/proto";
import { useQueryClient } from "@tanstack/react-query";
import { useClusterId } from "../../data/index.js";
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

const all = new Map<object, Map<string, Drafts>>();
let isWatching = false;

/** @param page what lives as long as the page, whatever it shows. */
export function draftsOf(page: object, clusterId: string): Drafts {
  const ofPage = all.get(page) ?? new Map<string, Drafts>();
  all.set(page, ofPage);
  const drafts = ofPage.get(clusterId) ?? new Drafts();
  ofPage.set(clusterId, drafts);
  if (!isWatching) {
    isWatching = true;
    window.addEventListener("beforeunload", (event) => {
      const kept = [...all.values()].flatMap((clusters) => [...clusters.values()]);
      if (kept.some(({ size }) => size > 0)) event.preventDefault();
    });
  }
  return drafts;
}

/** Those of the chosen cluster, the same ones when it is chosen again. */
export function useDrafts(): Drafts {
  return draftsOf(useQueryClient(), useClusterId());
}
