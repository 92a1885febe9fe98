/**
 * Long random histories of all operations, good and bad, against a model written from the rules: every refusal, every
 * revision and every byte of every response. Run on the naive store and on the real one, both of which forget
 * records, with responses that are still being read while later entries are applied.
 */
import {
  create,
  etcdserverpb as pb,
  toBinary,
  type DescMessage,
  type MessageInitShape,
} from "@quorate/proto";
import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { MemoryEngine } from "../mvcc/memory-engine.js";
import { Store } from "../mvcc/store.js";
import type { ApplyOutcome, ResponseBody } from "./outcome.js";
import { RangeReader } from "./range-reader.js";
import { ApplyBench, bytesOfBody, concat, turns } from "./testing/apply-bench.js";
import { ForgetfulStore } from "./testing/forgetful-store.js";
import { KvModel, Refused } from "./testing/kv-model.js";
import { NaiveStore } from "./testing/naive-store.js";
import { RandomRequests } from "./testing/random-requests.js";
import { TxnReader } from "./txn-reader.js";
import { RangeView, decodeRange } from "./wire/request-views.js";
import { decodeTxn } from "./wire/txn-nodes.js";
import { WireReader } from "./wire/wire-reader.js";
import { WireWriter } from "./wire/wire-writer.js";

const STEPS = 800;
const LEASES = [7n, -9n, 2n ** 62n];

interface Setup {
  readonly bench: ApplyBench;
  /** What happens between entries besides applying. */
  readonly churn: (prng: Prng) => void;
  readonly close: () => Promise<void>;
}

const setups: Record<string, (prng: Prng) => Promise<Setup>> = {
  "naive store": () => {
    const store = new NaiveStore();
    const churn = (prng: Prng): void => {
      if (prng.chance(0.5)) store.forget();
      if (prng.chance(0.2)) store.compactStep();
    };
    const close = (): Promise<void> => {
      expect(store.openViewCount).toBe(0);
      return Promise.resolve();
    };
    return Promise.resolve({ bench: new ApplyBench(store), churn, close });
  },
  "real store": async () => {
    const engine = new MemoryEngine();
    const store = await Store.open(engine, { yieldTurn: turns.yieldTurn, cacheBytesMax: 1 });
    const forgetful = new ForgetfulStore(store);
    const pumps: Promise<void>[] = [];
    const churn = (prng: Prng): void => {
      if (prng.chance(0.5)) forgetful.forget();
      const pump = prng.chance(0.7) ? store.pump() : undefined;
      if (pump !== undefined) pumps.push(pump);
      if (prng.chance(0.2)) store.compactStep(20);
    };
    const close = async (): Promise<void> => {
      await Promise.all(pumps);
      await store.flushPending();
      await engine.close();
    };
    return { bench: new ApplyBench(forgetful), churn, close };
  },
};

describe.each(Object.keys(setups))("histories on the %s", (name) => {
  test.each([1, 2, 3, 4])("seed %i agrees with the model", async (seed) => {
    const prng = new Prng(seed);
    const setup = await (setups[name] as (prng: Prng) => Promise<Setup>)(prng);
    const run = new HistoryRun(prng, setup);
    for (let step = 0; step < STEPS; step++) await run.step(step);
    await run.finish();
    await setup.close();
    expect(run.model.revision).toBeGreaterThan(100);
    expect(run.refusals.size).toBeGreaterThanOrEqual(4);
    expect(run.deferred).toBeGreaterThan(20);
  });
});

class HistoryRun {
  readonly model = new KvModel();
  readonly refusals = new Set<string>();
  /** Number of responses that could not be made at once. */
  deferred = 0;
  readonly #prng: Prng;
  readonly #setup: Setup;
  readonly #requests: RandomRequests;
  readonly #ranges: RangeReader;
  readonly #txns: TxnReader;
  #open: Promise<void>[] = [];

  constructor(prng: Prng, setup: Setup) {
    this.#prng = prng;
    this.#setup = setup;
    this.#requests = new RandomRequests(prng);
    this.#ranges = new RangeReader(setup.bench.store, turns);
    this.#txns = new TxnReader(setup.bench.store, turns);
    for (const lease of LEASES) {
      setup.bench.leases.existing.add(lease);
      this.model.leases.add(lease);
    }
  }

  async step(step: number): Promise<void> {
    const { bench, churn } = this.#setup;
    const context = { revision: this.model.revision, compacted: this.model.compacted, leases: LEASES };
    const label = `step ${String(step)}`;
    switch (this.#prng.below(10)) {
      case 0:
      case 1: {
        const put = this.#requests.put(context);
        await this.#write(label, pb.PutResponseSchema, bench.apply({ put }), () => this.model.put(put));
        break;
      }
      case 2: {
        const remove = this.#requests.delete();
        const outcome = bench.apply({ deleteRange: remove });
        await this.#write(label, pb.DeleteRangeResponseSchema, outcome, () => this.model.delete(remove));
        break;
      }
      case 3:
      case 4: {
        const txn = this.#requests.txn(context);
        await this.#write(label, pb.TxnResponseSchema, bench.apply({ txn }), () => this.model.txn(txn));
        break;
      }
      case 5:
        if (this.#prng.chance(0.2)) await this.#compact(label);
        break;
      case 6:
        this.#readTxn(label, this.#requests.readTxn(context));
        break;
      default:
        this.#readRange(label, this.#requests.range(context));
    }
    expect(bench.store.revision, label).toBe(this.model.revision);
    churn(this.#prng);
    if (this.#prng.chance(0.1)) await this.finish();
    if (this.#prng.chance(0.3)) await turns.yieldTurn();
  }

  /** Waits for the responses that are still being made. */
  async finish(): Promise<void> {
    await Promise.all(this.#open);
    this.#open = [];
  }

  async #write<Desc extends DescMessage>(
    label: string,
    schema: Desc,
    applying: ApplyOutcome | Promise<ApplyOutcome>,
    simulate: () => MessageInitShape<Desc>,
  ): Promise<void> {
    const outcome = await applying;
    const expected = this.#expect(simulate);
    expect(outcome.refusal, label).toBe(expected.refusal);
    expect(outcome.revision, label).toBe(this.model.revision);
    if (expected.response === undefined) expect(outcome.body, label).toBeUndefined();
    else this.#check(label, outcome.body, toBinary(schema, create(schema, expected.response)));
  }

  #expect<T>(simulate: () => T): { refusal: string | undefined; response: T | undefined } {
    try {
      return { refusal: undefined, response: simulate() };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refusals.add(error.code);
      return { refusal: error.code, response: undefined };
    }
  }

  async #compact(label: string): Promise<void> {
    const revision = this.#prng.below(this.model.revision + 3) - 1;
    const outcome = await this.#setup.bench.apply({ compaction: { revision: BigInt(revision) } });
    const expected = this.#expect(() => {
      this.model.compact(revision);
    });
    expect(outcome.refusal, label).toBe(expected.refusal);
  }

  #readRange(label: string, range: pb.RangeRequest): void {
    const bytes = toBinary(pb.RangeRequestSchema, range);
    const wire = new WireReader();
    wire.reset(bytes, 0, bytes.length);
    const view = new RangeView();
    decodeRange(wire, view);
    const out = new WireWriter(16);
    const answer = this.#ranges.read(view, out);
    // Nothing may be kept of the request.
    bytes.fill(0xee);
    const expected = this.#expect(() => this.model.range(range));
    if (typeof answer === "string" || expected.response === undefined) {
      expect(answer, label).toBe(expected.refusal);
      return;
    }
    this.#check(label, answer ?? [out.copy()], toBinary(pb.RangeResponseSchema, expected.response));
  }

  #readTxn(label: string, txn: pb.TxnRequest): void {
    const bytes = toBinary(pb.TxnRequestSchema, txn);
    const answering = this.#txns.read(decodeTxn(bytes, 0, bytes.length));
    const expected = this.#expect(() => this.model.txn(txn));
    const later = (async (): Promise<void> => {
      const answer = await answering;
      // A refusal may also come because a compaction overtook the loading of values.
      if (typeof answer === "string" || expected.response === undefined) {
        expect(answer === expected.refusal || answer === "compacted", label).toBe(true);
        return;
      }
      const body = toBinary(pb.TxnResponseSchema, expected.response);
      expectBytes(await bytesOfBody(answer), body, label);
    })();
    this.#open.push(later);
  }

  #check(label: string, body: ResponseBody | undefined, expected: Uint8Array): void {
    if (body === undefined || !("deferred" in body)) {
      expectBytes(concat(body ?? []), expected, label);
      return;
    }
    this.deferred += 1;
    if (this.#prng.chance(0.1)) {
      body.release();
      return;
    }
    const later = (async (): Promise<void> => {
      while (this.#prng.chance(0.5)) await turns.yieldTurn();
      expectBytes(concat(await body.encode()), expected, label);
    })();
    this.#open.push(later);
  }
}

/** Says which byte differs; comparing element by element is too slow for all that are equal. */
function expectBytes(actual: Uint8Array, expected: Uint8Array, label: string): void {
  if (Buffer.compare(actual, expected) !== 0) expect(actual, label).toEqual(expected);
}
