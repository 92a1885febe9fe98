import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import type { KvOperation, StoredKey } from "../history/operation.js";
import { Findings } from "../history/verdict.js";
import type { Verdict } from "../history/verdict.js";
import type { SearchLimits } from "../linearizability/model.js";
import { playStore } from "../testing/play-store.js";
import { checkOperations } from "./check-operations.js";
import { searchKeys } from "./search-keys.js";
import { StoreHistory } from "./store-history.js";

function search(operations: readonly KvOperation[], baseRevision: number, limits?: SearchLimits): Verdict {
  const findings = new Findings();
  searchKeys({ operations, baseRevision, ...(limits === undefined ? {} : { limits }) }, findings);
  return findings.verdict();
}

test.each([1, 2, 3, 4, 5, 6])(
  "histories of a store that does all right are sound without its history (seed %i)",
  (seed) => {
    for (const lostShare of [0, 0.1, 0.4]) {
      const { operations, baseRevision } = playStore({ seed, operations: 1_000, clients: 8, lostShare });
      const verdict = search(operations, baseRevision);
      expect(verdict).toEqual({ kind: "sound", violations: [], violationCount: 0, limits: [] });
    }
  },
);

/** The same operations with one read showing another state of its key, a right one at another time. */
function mixUp(operations: readonly KvOperation[], prng: Prng): KvOperation[] {
  const isGet = ({ request }: KvOperation): boolean => request.kind === "get";
  const gets = operations.filter(isGet);
  const victim = prng.pick(gets);
  const { key } = victim.request as { key: string };
  const donor = prng.pick(gets.filter(({ request }) => request.kind === "get" && request.key === key));
  if (victim.outcome.kind !== "ok" || donor.outcome.kind !== "ok") throw new Error("reads have answers");
  const kvs = donor.outcome.result.kvs ?? [];
  const changed: KvOperation = {
    ...victim,
    outcome: { kind: "ok", result: { revision: victim.outcome.result.revision, kvs } },
  };
  return operations.map((operation) => (operation === victim ? changed : operation));
}

test.each([1, 2, 3])(
  "without lost answers it agrees with the check against the store's history (seed %i)",
  (seed) => {
    const prng = new Prng(seed);
    const played = playStore({ seed, operations: 300, clients: 6, lostShare: 0 });
    const seen = { sound: 0, violation: 0, undecided: 0 };
    for (let round = 0; round < 40; round += 1) {
      const operations = mixUp(played.operations, prng);
      const findings = new Findings();
      checkOperations(operations, new StoreHistory(played.events, played, findings), findings);
      const verdict = search(operations, played.baseRevision);
      expect(verdict.kind).toBe(findings.verdict().kind);
      seen[verdict.kind] += 1;
    }
    expect(seen.violation).toBeGreaterThan(10);
  },
);

describe("a lost write", () => {
  const put = (id: number, value: string, startMs: number, revision: number | undefined): KvOperation => ({
    id,
    client: id,
    endpoint: 0,
    request: { kind: "put", key: "k", value },
    outcome:
      revision === undefined
        ? { kind: "unknown", error: "lost" }
        : { kind: "ok", result: { revision, previous: null } },
    startMs,
    endMs: startMs + 1,
  });
  const get = (id: number, kv: StoredKey | undefined, startMs: number, revision: number): KvOperation => ({
    id,
    client: id,
    endpoint: 0,
    request: { kind: "get", key: "k", serializable: false },
    outcome: { kind: "ok", result: { revision, kvs: kv === undefined ? [] : [kv] } },
    startMs,
    endMs: startMs + 1,
  });
  const key = (value: string, modRevision: number, version: number): StoredKey => {
    return { key: "k", value, createRevision: 2, modRevision, version };
  };

  test("is proven by the version of the next one", () => {
    const next = { ...put(3, "c", 20, 4), outcome: { kind: "ok", result: { revision: 4 } } } as const;
    const operations = [put(1, "a", 0, 2), put(2, "b", 10, undefined), next];
    expect(search([...operations, get(4, key("c", 4, 3), 30, 4)], 1).kind).toBe("sound");
    expect(search([...operations, get(4, key("c", 4, 2), 30, 4)], 1).kind).toBe("sound");
    expect(search([...operations, get(4, key("c", 4, 4), 30, 4)], 1).kind).toBe("violation");
  });

  test("does not explain what was seen before it was sent", () => {
    const operations = [put(1, "a", 0, 2), get(4, key("b", 3, 2), 5, 3), put(2, "b", 10, undefined)];
    expect(search(operations, 1).violations.map(({ kind }) => kind)).toEqual(["revision-order"]);
  });

  test("that is not to be found is reported with what fits nowhere", () => {
    const { violations } = search([put(1, "a", 0, 2), get(4, key("z", 3, 2), 5, 3)], 1);
    expect(violations[0]!.summary).toBe("the answers about key k have no order");
    expect(violations[0]!.details).toContain("read k=z (mod 3, create 2, version 2)");
    expect(violations[0]!.details).toContain("after which there is k=a (mod 2, create 2, version 1)");
  });
});

test.each([0.25, 0.5])("lost writes that nobody saw cost little (%f of all)", (lostShare) => {
  const played = playStore({ seed: 9, operations: 3_000, clients: 10, keys: 2, lostShare });
  expect(search(played.operations, played.baseRevision, { configurationsMax: 50_000 }).kind).toBe("sound");
});

test("what else was seen of the store makes lost writes known", () => {
  const played = playStore({ seed: 9, operations: 3_000, clients: 10, keys: 2, lostShare: 0.5 });
  const findings = new Findings();
  const seen = played.events.filter(({ kind }) => kind === "put");
  searchKeys({ ...played, seen, limits: { configurationsMax: 20_000 } }, findings);
  expect(findings.verdict().kind).toBe("sound");
});
