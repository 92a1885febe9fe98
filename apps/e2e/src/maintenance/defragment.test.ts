/** Space that compactions leave shows in the sizes, comes back with a defragmentation, and ends an alarm about space. */
import { afterEach, describe, expect, it } from "vitest";
import { PutLoad } from "../big-range/put-load.js";
import { describeStalls, STALL_METER_ARGUMENTS, takeStalls } from "../big-range/stall-meter.js";
import { Member } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { Operator } from "./space.js";

const MIB = 1024 * 1024;
const KEY_COUNT = 4_000;
const VALUE_BYTES = 4096;
const LIVE_BYTES: number = KEY_COUNT * VALUE_BYTES;
const QUOTA_BYTES: number = 24 * MIB;
const NO_SPACE = "etcdserver: mvcc: database space exceeded";

const suite = "space";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  let member: Member | undefined;
  let operator: Operator | undefined;
  async function start(flags: readonly string[]): Promise<Operator> {
    member = await Member.start({ kind: subjectKind, flags, nodeArguments: STALL_METER_ARGUMENTS });
    operator = new Operator(member);
    return operator;
  }
  afterEach(async (context) => {
    if (context.task.result?.state === "fail") member?.keepLog();
    operator?.close();
    await member?.dispose();
  });

  it("of old revisions shows as unused and comes back while writes go on", async () => {
    const chores = await start([]);
    for (let round = 0; round < 3; round++) await chores.fill(KEY_COUNT, VALUE_BYTES);
    await chores.compact(await chores.revision());
    const before = await chores.sizes();
    expect(before.total).toBeGreaterThan(2 * LIVE_BYTES);
    expect(before.inUse).toBeGreaterThan(0.8 * LIVE_BYTES);
    expect(before.inUse).toBeLessThan(0.7 * before.total);
    const metrics = await chores.metricSizes();
    expect(metrics.inUse).toBeLessThan(0.7 * metrics.total);

    if (member !== undefined) await takeStalls(member);
    const load = new PutLoad(member?.endpoint ?? "");
    load.start();
    const beganMs = performance.now();
    await chores.defragment();
    const tookMs = performance.now() - beganMs;
    const report = await load.stop();
    const stalls = member === undefined ? undefined : await takeStalls(member);
    const after = await chores.sizes();
    console.log(
      `${subjectKind}: defragment took ${tookMs.toFixed(0)} ms, ${megabytes(before.total)} to ${megabytes(after.total)}` +
        ` (in use ${megabytes(before.inUse)} to ${megabytes(after.inUse)}); meanwhile ${report.describe()}; ${describeStalls(stalls)}`,
    );
    expect(report.failures).toEqual([]);
    expect(report.completedCount).toBeGreaterThan(0);
    expect(after.total).toBeLessThan(0.6 * before.total);
    expect(after.inUse).toBeLessThanOrEqual(after.total);
    expect(after.inUse).toBeGreaterThan(0.6 * after.total);
  });

  it("ends at the quota with an alarm, and is there again after compact, defragment and disarm", async () => {
    const chores = await start([`--quota-backend-bytes=${QUOTA_BYTES}`]);
    // One key after another is overwritten, so that nearly all is history.
    let refusal: string | undefined;
    while (refusal === undefined) refusal = (await chores.fill(500, VALUE_BYTES)).refusal;
    expect(refusal).toBe(NO_SPACE);
    expect(await chores.alarms()).toEqual(["NOSPACE"]);
    expect((await chores.sizes()).total).toBeGreaterThan(0.9 * QUOTA_BYTES);
    // The alarm alone keeps writes out, whatever there is space for.
    await chores.compact(await chores.revision());
    await chores.defragment();
    expect((await chores.sizes()).total).toBeLessThan(0.7 * QUOTA_BYTES);
    expect(await chores.put()).toBe(NO_SPACE);
    await chores.disarm();
    expect(await chores.alarms()).toEqual([]);
    expect(await chores.put()).toBeUndefined();
    expect((await chores.fill(500, VALUE_BYTES)).refusal).toBeUndefined();
  });
});

function megabytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
