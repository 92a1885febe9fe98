import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import type { KvOperation, KvResult } from "../history/operation.js";
import { hasWritten } from "../history/operation.js";
import { Findings } from "../history/verdict.js";
import type { Verdict } from "../history/verdict.js";
import { playStore } from "../testing/play-store.js";
import type { PlayedStore } from "../testing/play-store.js";
import { checkOperations } from "./check-operations.js";
import { StoreHistory } from "./store-history.js";

function check(played: PlayedStore): Verdict {
  const findings = new Findings();
  checkOperations(played.operations, new StoreHistory(played.events, played, findings), findings);
  return findings.verdict();
}

const base: PlayedStore = playStore({ seed: 1, operations: 400, clients: 6 });

/** The history with the result of one operation changed. */
function withResult(operation: KvOperation, change: Partial<KvResult>): PlayedStore {
  if (operation.outcome.kind !== "ok") throw new Error("it has no result");
  const result = { ...operation.outcome.result, ...change };
  const changed: KvOperation = { ...operation, outcome: { kind: "ok", result } };
  return { ...base, operations: base.operations.map((other) => (other === operation ? changed : other)) };
}

function find(matches: (operation: KvOperation) => boolean): KvOperation {
  const found = base.operations.slice(200).find(matches);
  if (found === undefined) throw new Error("the history has no such operation");
  return found;
}

const isOk = ({ outcome }: KvOperation): boolean => outcome.kind === "ok";

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "histories of a store that does all right are sound (seed %i)",
  (seed) => {
    for (const clients of [1, 3, 12]) {
      const played = playStore({ seed: seed * 100 + clients, operations: 1_500, clients, lostShare: 0.2 });
      expect(check(played)).toEqual({ kind: "sound", violations: [], violationCount: 0, limits: [] });
    }
  },
);

describe("what is told wrong is found:", () => {
  test("a read that shows an older state under a newer revision", () => {
    const read = find((operation) => {
      const { request, outcome } = operation;
      return request.kind === "get" && outcome.kind === "ok" && (outcome.result.kvs?.[0]?.version ?? 0) > 1;
    });
    const verdict = check(withResult(read, { kvs: [] }));
    expect(verdict.kind).toBe("violation");
    expect(verdict.violations[0]!.kind).toBe("linearizability");
    expect(verdict.violations[0]!.details).toContain(`#${read.id} client ${read.client}`);
  });

  test("a read of a revision that had long passed when it began", () => {
    const read = find(({ request, startMs }) => request.kind === "get" && startMs > 50);
    const store = new StoreHistory(base.events, base, new Findings());
    const revision = base.baseRevision + 3;
    const old = read.request.kind === "get" ? store.keyAt(read.request.key, revision) : undefined;
    const verdict = check(withResult(read, { revision, kvs: old === undefined ? [] : [old] }));
    expect(verdict.violations.map(({ kind }) => kind)).toEqual(["revision-order"]);
  });

  test("the same read is fine when it is serializable", () => {
    const read = find(({ request, startMs }) => request.kind === "get" && startMs > 50);
    if (read.request.kind !== "get" || read.outcome.kind !== "ok") throw new Error("no get");
    const store = new StoreHistory(base.events, base, new Findings());
    const revision = base.baseRevision + 3;
    const old = store.keyAt(read.request.key, revision);
    const changed: KvOperation = {
      ...read,
      request: { ...read.request, serializable: true },
      outcome: { kind: "ok", result: { revision, kvs: old === undefined ? [] : [old] } },
    };
    const operations = base.operations.map((other) => (other === read ? changed : other));
    expect(check({ ...base, operations }).kind).toBe("sound");
  });

  test("an acknowledged write that is not in the store", () => {
    const lost = find((operation) => operation.request.kind === "put" && isOk(operation));
    const revision = lost.outcome.kind === "ok" ? lost.outcome.result.revision : 0;
    const events = base.events.filter(({ modRevision }) => modRevision !== revision);
    const verdict = check({ ...base, events });
    expect(
      verdict.violations.some(({ summary }) =>
        summary.includes(`write of revision ${revision} is not there`),
      ),
    ).toBe(true);
  });

  test("two writes with one revision", () => {
    const [first, second] = base.operations.filter(
      (operation) => operation.request.kind === "put" && isOk(operation),
    );
    if (first?.outcome.kind !== "ok" || second === undefined) throw new Error("no puts");
    const { revision } = first.outcome.result;
    const { violations } = check(withResult(second, { revision }));
    expect(violations.map(({ summary }) => summary)).toContain(`two writes were given revision ${revision}`);
  });

  test("a write that failed for certain and is there", () => {
    const write = find((operation) => operation.request.kind === "put" && isOk(operation));
    const failed: KvOperation = { ...write, outcome: { kind: "failed", error: "etcdserver: no leader" } };
    const operations = base.operations.map((other) => (other === write ? failed : other));
    const { violations } = check({ ...base, operations });
    expect(violations.map(({ kind }) => kind)).toEqual(["durability"]);
    expect(violations[0]!.summary).toContain("a write that failed for certain is revision");
  });

  test("a write that nobody asked for", () => {
    const write = find((operation) => operation.request.kind === "put" && isOk(operation));
    const operations = base.operations.filter((other) => other !== write);
    const { violations } = check({ ...base, operations });
    expect(violations.map(({ summary }) => summary)[0]).toMatch(/^nobody can have written revision \d+$/);
  });

  test("a lost write that took effect before it was asked for", () => {
    const write = find((operation) => operation.request.kind === "put" && isOk(operation));
    const late: KvOperation = {
      ...write,
      startMs: 1e6,
      endMs: 1e6 + 1,
      outcome: { kind: "unknown", error: "lost" },
    };
    const operations = base.operations.map((other) => (other === write ? late : other));
    expect(check({ ...base, operations }).violations.map(({ kind }) => kind)).toEqual(["revision-order"]);
  });

  test.each(["held", "did not hold"])("a compare that %s, told the other way round", (answer) => {
    const cas = find(
      ({ request, outcome }) =>
        request.kind === "cas" && outcome.kind === "ok" && outcome.result.succeeded === (answer === "held"),
    );
    const verdict = check(withResult(cas, { succeeded: answer !== "held", kvs: [] }));
    expect(verdict.kind).toBe("violation");
  });

  test("a previous key that was another", () => {
    const put = find(
      ({ request, outcome }) =>
        request.kind === "put" && outcome.kind === "ok" && outcome.result.previous != null,
    );
    expect(check(withResult(put, { previous: null })).violations[0]!.summary).toMatch(
      /^before revision \d+ there was k/,
    );
  });
});

test.each([1, 2, 3, 4])("any changed revision of an answer is found (seed %i)", (seed) => {
  const prng = new Prng(seed);
  const writes = base.operations.filter(hasWritten);
  for (let round = 0; round < 40; round += 1) {
    const write = prng.pick(writes);
    if (write.outcome.kind !== "ok") throw new Error("unreachable");
    const revision = write.outcome.result.revision + (prng.chance(0.5) ? 1 : -1) * (1 + prng.below(5));
    expect(check(withResult(write, { revision })).kind).toBe("violation");
  }
});
