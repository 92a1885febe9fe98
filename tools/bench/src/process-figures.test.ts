import { expect, test } from "vitest";
import { parseFigures, readFigures } from "./process-figures.js";

test("figures are read behind a program's name that looks like more fields", () => {
  const stat = "42 (a) (b c) S 1 42 42 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 7 0 100 1000 200";
  const status = "Name:\ta\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n";
  expect(parseFigures(stat, status)).toEqual({
    cpuSeconds: 2,
    residentBytes: 2 ** 20,
    residentPeakBytes: 2 ** 21,
  });
});

test("a process that does not exist has no figures", () => {
  expect(readFigures(2 ** 30).cpuSeconds).toBeNaN();
});
