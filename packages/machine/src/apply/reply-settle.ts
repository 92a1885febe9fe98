/**
 * Turns a reply into bytes: at once when everything it quotes is in memory, otherwise later, from read views opened now.
 * Later entries are applied meanwhile; the views keep what is quoted readable.
 */
import type { ReadView, Slot, StoreReads } from "../mvcc/store-api.js";
import type { DeferredBody, ResponseBody } from "./outcome.js";
import { encodeReply } from "./reply-encode.js";
import { visitQuotes, type Quotes, type RangeReply, type Reply } from "./reply-tree.js";
import type { Turns } from "./turn-sort.js";

const KEYS_PER_TURN = 4096;
const RECORDS_PER_LOAD = 512;

/** Where a reply gets its records from. */
export interface SettleSource {
  readonly store: StoreReads;
  readonly turns: Turns;
  /** Opens a view at a revision that the reply quotes. */
  openReadView(revision: number): ReadView;
}

/** Call in the turn in which the reply was made, after the write has ended. */
export function settleReply(source: SettleSource, reply: Reply): ResponseBody {
  const revisions = openRevisions(reply);
  if (revisions === undefined) return finishReply(reply);
  const views = [...revisions].map((revision) => source.openReadView(revision));
  return new DeferredReply({ store: source.store, turns: source.turns, reply, views });
}

/** Revisions that something is still to be read at; undefined when everything is there. */
function openRevisions(reply: Reply, found?: Set<number>): Set<number> | undefined {
  let revisions = found;
  if (reply.kind === "txn") {
    for (const op of reply.ops) revisions = openRevisions(op, revisions);
    return revisions;
  }
  const { quotes } = reply;
  const isOpen =
    (reply.kind === "range" && !reply.complete) || (quotes !== undefined && quotes.missingCount > 0);
  return isOpen && quotes !== undefined ? (revisions ?? new Set<number>()).add(quotes.atRevision) : revisions;
}

function finishReply(reply: Reply): Uint8Array[] {
  visitRanges(reply, (range) => {
    range.arrangeByValue();
  });
  return encodeReply(reply);
}

function visitRanges(reply: Reply, visit: (range: RangeReply) => void): void {
  if (reply.kind === "range") visit(reply);
  else if (reply.kind === "txn") for (const op of reply.ops) visitRanges(op, visit);
}

interface DeferredReplyOptions {
  readonly store: StoreReads;
  readonly turns: Turns;
  readonly reply: Reply;
  readonly views: readonly ReadView[];
}

class DeferredReply implements DeferredBody {
  readonly deferred = true;
  readonly #options: DeferredReplyOptions;
  #started = false;
  #abandoned = false;

  constructor(options: DeferredReplyOptions) {
    this.#options = options;
  }

  release(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    if (!this.#started) this.#releaseViews();
  }

  async encode(): Promise<readonly Uint8Array[]> {
    this.#started = true;
    try {
      await this.#completeRuns();
      await this.#loadQuotes();
      return this.#abandoned ? [] : finishReply(this.#options.reply);
    } finally {
      this.#releaseViews();
    }
  }

  async #completeRuns(): Promise<void> {
    const { store, turns, reply } = this.#options;
    const open: RangeReply[] = [];
    visitRanges(reply, (range) => {
      if (!range.complete) open.push(range);
    });
    for (const range of open) {
      const { run } = range;
      run?.pin(range.quotes.atRevision);
      while (run?.step(KEYS_PER_TURN) === false) {
        await turns.yieldTurn();
        if (this.#abandoned) return;
      }
      range.quoteRows(store);
    }
  }

  async #loadQuotes(): Promise<void> {
    const { reply } = this.#options;
    const open: Quotes[] = [];
    visitQuotes(reply, (quotes) => {
      if (quotes.missingCount > 0) open.push(quotes);
    });
    for (const quotes of open) {
      const missing: number[] = [];
      for (const [position, record] of quotes.records.entries())
        if (record === undefined) missing.push(position);
      for (let start = 0; start < missing.length; start += RECORDS_PER_LOAD) {
        if (this.#abandoned) return;
        await this.#load(quotes, missing.slice(start, start + RECORDS_PER_LOAD));
      }
    }
  }

  async #load(quotes: Quotes, positions: readonly number[]): Promise<void> {
    const slots = positions.map((position) => quotes.slots[position] as Slot);
    const records = await this.#options.store.load(slots);
    for (const [i, position] of positions.entries()) quotes.records[position] = records[i];
    quotes.missingCount -= positions.length;
    await this.#options.turns.yieldTurn();
  }

  #releaseViews(): void {
    for (const view of this.#options.views) view.release();
  }
}
