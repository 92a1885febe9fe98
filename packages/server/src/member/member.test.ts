import { LATEST, NO_SLOT } from "@quorate/machine";
import { describe, expect, test } from "vitest";
import { createFixture, MEMBER_ID, proposePut, type Fixture } from "./testing/member-fixture.js";

async function startedFixture(): Promise<Fixture> {
  const fixture = await createFixture();
  fixture.member.start(true);
  fixture.settle();
  return fixture;
}

function has(fixture: Fixture, key: string): boolean {
  const bytes = Buffer.from(key);
  return fixture.store.find(bytes, 0, bytes.length, LATEST) !== NO_SLOT;
}

describe("a single member", () => {
  test("elects itself, knows itself, and answers a put with the first revision", async () => {
    const fixture = await startedFixture();
    expect(fixture.member.leader).toBe(MEMBER_ID);
    expect(fixture.cluster.membership.list().map((member) => member.id)).toEqual([MEMBER_ID]);
    const put = proposePut(fixture, "a", "1");
    fixture.settle();
    expect(put.outcome).toMatchObject({ refusal: undefined, revision: 2 });
    expect(fixture.member.appliedIndex).toBe(fixture.member.committedIndex);
  });

  test("a put is neither visible nor answered before the log has it", async () => {
    const fixture = await startedFixture();
    const put = proposePut(fixture, "a", "1");
    fixture.time.settle();
    expect(fixture.log.waiting).toHaveLength(1);
    expect(has(fixture, "a")).toBe(false);
    expect(put.outcome).toBeUndefined();
    fixture.log.complete();
    fixture.time.settle();
    expect(put.outcome).toMatchObject({ revision: 2 });
  });

  test("what arrives during one write forms the next, in order", async () => {
    const fixture = await startedFixture();
    const first = proposePut(fixture, "a", "1");
    fixture.time.settle();
    const later = ["b", "c", "d"].map((key) => proposePut(fixture, key, "1"));
    fixture.time.settle();
    fixture.log.complete();
    fixture.time.settle();
    expect(first.outcome).toMatchObject({ revision: 2 });
    const group = fixture.log.waiting.map(({ entries }) => entries.length).filter((count) => count > 0);
    expect(group.reduce((sum, count) => sum + count, 0)).toBe(3);
    fixture.settle();
    expect(later.map((put) => put.outcome?.revision)).toEqual([3, 4, 5]);
  });

  test("a log that fails stops the member: nothing is acknowledged, waiters hear of it", async () => {
    const fixture = await startedFixture();
    const put = proposePut(fixture, "a", "1");
    fixture.time.settle();
    fixture.log.complete(new Error("no space left on device"));
    fixture.time.settle();
    expect(put).toMatchObject({ outcome: undefined, failure: "stopped" });
    expect(fixture.fatal.map((error) => error.message)).toEqual(["no space left on device"]);
    expect(proposePut(fixture, "b", "1").failure).toBe("stopped");
  });

  test("a put that is not applied within the request timeout fails, and may still happen", async () => {
    const fixture = await startedFixture();
    const put = proposePut(fixture, "a", "1");
    fixture.time.settle();
    fixture.time.advance(6900);
    expect(put.failure).toBeUndefined();
    fixture.time.advance(300);
    expect(put.failure).toBe("timeout");
    fixture.settle();
    expect(has(fixture, "a")).toBe(true);
  });

  test("a read waits for what was committed before it, and shares its round with others", async () => {
    const fixture = await startedFixture();
    const order: string[] = [];
    const put = proposePut(fixture, "a", "1");
    const waiter = (name: string) => ({
      onReady: () => order.push(`${name} ${put.outcome?.revision ?? "before the put"}`),
      onFailed: () => order.push(`${name} failed`),
    });
    fixture.member.awaitReadIndex(waiter("first"));
    fixture.time.settle();
    expect(order).toEqual(["first before the put"]);
    fixture.settle();
    fixture.member.awaitReadIndex(waiter("second"));
    fixture.member.awaitReadIndex(waiter("third"));
    fixture.time.settle();
    expect(order.slice(1)).toEqual(["second 2", "third 2"]);
  });

  test("stopping fails whoever waits", async () => {
    const fixture = await startedFixture();
    const put = proposePut(fixture, "a", "1");
    fixture.member.stop();
    expect(put.failure).toBe("stopped");
    let failure: unknown;
    fixture.member.awaitReadIndex({ onReady: () => undefined, onFailed: (why) => (failure = why) });
    expect(failure).toBe("stopped");
  });
});

describe("an answer that nobody waits for any more", () => {
  test("releases the records it held", async () => {
    const released: string[] = [];
    const fixture = await createFixture(undefined, {
      wrap: (applier) => ({
        applyNormal: (entry, wanted) => {
          const outcome = applier.applyNormal(entry, wanted);
          if (entry.data.length === 0 || outcome instanceof Promise || outcome.revision < 2) return outcome;
          const body = {
            deferred: true,
            encode: () => Promise.resolve([]),
            release: () => void released.push("released"),
          } as const;
          return Promise.resolve({ ...outcome, body });
        },
        applyConfChange: (entry, node) => applier.applyConfChange(entry, node),
      }),
    });
    fixture.member.start(true);
    fixture.settle();
    const put = proposePut(fixture, "a", "1");
    fixture.settle();
    fixture.member.abandon(put.suffix);
    await Promise.resolve();
    await Promise.resolve();
    fixture.settle();
    expect(put.outcome).toBeUndefined();
    expect(released).toEqual(["released"]);
  });
});

describe("proposals made while others are answered", () => {
  test("go out with the same turn's work, not with the next tick", async () => {
    const fixture = await startedFixture();
    let second: ReturnType<typeof proposePut> | undefined;
    proposePut(fixture, "a", "1", () => {
      second = proposePut(fixture, "b", "1");
    });
    fixture.settle();
    expect(second?.outcome).toMatchObject({ revision: 3 });
  });
});

describe("after a crash", () => {
  test.each([true, false])(
    "every answered put is there once, in order (store written: %j)",
    async (storeWritten) => {
      const fixture = await startedFixture();
      const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
      const puts = keys.map((key) => proposePut(fixture, key, "v"));
      fixture.settle();
      expect(puts.every((put) => put.outcome !== undefined)).toBe(true);
      if (storeWritten) await fixture.store.flushPending();
      const last = puts.at(-1)?.outcome?.revision;

      const again = await createFixture(fixture);
      again.member.start(true);
      again.settle();
      expect(again.store.revision).toBe(last);
      for (const [i, key] of keys.entries()) {
        const bytes = Buffer.from(key);
        const slot = again.store.find(bytes, 0, bytes.length, LATEST);
        expect(again.store.mainOf(slot)).toBe(puts[i]?.outcome?.revision);
      }
      expect(again.member.leader).toBe(MEMBER_ID);
      const put = proposePut(again, "next", "1");
      again.settle();
      expect(put.outcome?.revision).toBe((last ?? 0) + 1);
    },
  );
});
