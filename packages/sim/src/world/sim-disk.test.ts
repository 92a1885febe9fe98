import { MemoryEngine } from "@quorate/machine";
import { Prng } from "@quorate/std";
import { MemoryFiles, systemError } from "@quorate/storage";
import { expect, test } from "vitest";
import { Life } from "./life.js";
import { rotLog, rotRow } from "./rot.js";
import { SimEngine } from "./sim-engine.js";
import { createHealth, SimFiles, type DiskHealth } from "./sim-files.js";
import { VirtualTime } from "./virtual-time.js";

interface World {
  readonly time: VirtualTime;
  readonly health: DiskHealth;
  readonly parts: { readonly life: Life; readonly health: DiskHealth; readonly prng: Prng };
}

function createWorld(): World {
  const time = new VirtualTime();
  const life = new Life(time, {
    clockRate: 1,
    wallOffsetMs: 0,
    onCrash: (error) => expect.fail(error.message),
  });
  const health = createHealth();
  return { time, health, parts: { life, health, prng: new Prng(1) } };
}

/** Lets the world go on until it has settled. */
async function outcome<T>(time: VirtualTime, promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const settled = Promise.allSettled([promise]);
  await time.run(time.nowMs + 1000);
  return (await settled)[0];
}

test("a write fails once, any part of it may be there, and the next one succeeds", async () => {
  const { time, health, parts } = createWorld();
  const inner = new MemoryFiles(queueMicrotask);
  const files = new SimFiles(inner, parts);
  const opened = await outcome(time, files.open("/log", "create"));
  if (opened.status === "rejected") throw opened.reason;
  const write = (byte: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const bytes = new Uint8Array(4096).fill(byte);
      opened.value.write(bytes, 0, bytes.length, 0, (error) => (error === null ? resolve() : reject(error)));
    });
  health.failsOnce = true;
  expect(await outcome(time, write(1))).toEqual({ status: "rejected", reason: systemError("EIO", "/log") });
  const left = inner.contents("/log");
  const sectors = Array.from({ length: Math.floor(left.length / 512) }, (_, i) => left[i * 512]);
  expect(new Set(sectors)).toEqual(new Set([0, 1]));
  expect((await outcome(time, write(2))).status).toBe("fulfilled");
  expect(inner.contents("/log")).toEqual(new Uint8Array(4096).fill(2));
});

test("a row that rots is not given out until it is written again", async () => {
  const { time, parts } = createWorld();
  const rows = new MemoryEngine();
  const key = Uint8Array.of(48, 1);
  await rows.write([key], [Uint8Array.of(7)]);
  const rotten = new Set<string>();
  expect(await rotRow(rows, rotten, new Prng(1))).toBe("row 3001");
  const engine = new SimEngine(rows, { ...parts, rotten });
  const read = await outcome(time, engine.getMany([key]));
  expect(read).toMatchObject({ status: "rejected", reason: { code: "corrupt" } });
  expect((await outcome(time, engine.write([key], [Uint8Array.of(8)]))).status).toBe("fulfilled");
  expect(await outcome(time, engine.getMany([key]))).toEqual({
    status: "fulfilled",
    value: [Uint8Array.of(8)],
  });
});

test("one bit of what was written of a segment flips, none of the zeros behind it", async () => {
  const files = new MemoryFiles(queueMicrotask);
  await files.makeDirectory("/wal");
  const file = await files.open("/wal/0-0.wal", "create");
  const bytes = new Uint8Array(1000).fill(255, 0, 10);
  await new Promise<void>((resolve) => file.write(bytes, 0, bytes.length, 0, () => resolve()));
  expect(await rotLog(files, "/wal", new Prng(3))).toMatch(/^bit \d of byte \d of 0-0\.wal$/);
  const changed = files.contents("/wal/0-0.wal").filter((byte, i) => byte !== bytes[i]);
  expect(changed).toHaveLength(1);
  expect(await rotLog(files, "/nothing", new Prng(3))).toBeUndefined();
});
