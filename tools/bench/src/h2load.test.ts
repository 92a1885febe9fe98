import { expect, test } from "vitest";
import { parseLog, parseSummary } from "./h2load.js";

const summary = `
finished in 1.53s, 13064.01 req/s, 872.28KB/s
requests: 20000 total, 20000 started, 20000 done, 20000 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 19999 2xx, 0 3xx, 0 4xx, 1 5xx
traffic: 1.30MB (1367442) total, 39.18KB (40120) headers (space savings 94.72%), 647.94KB (663492) data
`;

test("the summary gives statuses and bytes of data", () => {
  expect(parseSummary(summary)).toEqual({ succeeded: 19_999, dataBytes: 663_492 });
});

test("without a summary the output is shown", () => {
  expect(() => parseSummary("connect failed")).toThrow("connect failed");
});

test("the log gives durations, and the time from the first start to the last end", () => {
  const log = Buffer.from(
    "1795369608000100\t200\t500\n1795369608000000\t200\t2000\n1795369608001000\t200\t1500\n",
  );
  expect(parseLog(log)).toEqual({ microseconds: Float64Array.of(500, 2000, 1500), seconds: 0.0025 });
});

test("columns that a later version appends to the log change nothing", () => {
  const log = Buffer.from("1000\t200\t50\t9\t9\n1100\t200\t70\t9\t9\n");
  expect(parseLog(log)).toEqual({ microseconds: Float64Array.of(50, 70), seconds: 0.00017 });
});
