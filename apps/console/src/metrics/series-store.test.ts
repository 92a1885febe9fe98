import { describe, expect, it } from "vitest";
import { FINE_COLUMNS, SERIES_MAX, SeriesStore } from "./series-store.js";

const STEP_MS = 5000;
const point = (
  name: string,
  value: number,
  member = "m1",
  label = "",
): Parameters<SeriesStore["record"]>[1][0] => ({
  name,
  member,
  label,
  value,
});

describe("the store of series", () => {
  it("gives back what it was told, NaN where a member was silent", () => {
    const store = new SeriesStore();
    store.record(1000, [point("keys", 1)]);
    store.record(6000, [point("keys", 2), point("keys", 9, "m2")]);
    expect(store.read([], 0)).toEqual({
      times: [1000, 6000],
      series: [
        { name: "keys", member: "m1", label: "", values: [1, 2] },
        { name: "keys", member: "m2", label: "", values: [NaN, 9] },
      ],
    });
  });

  it("gives only the names and times asked for", () => {
    const store = new SeriesStore();
    store.record(1000, [point("keys", 1), point("watchers", 5)]);
    store.record(6000, [point("keys", 2), point("watchers", 6)]);
    expect(store.read(["watchers"], 2000)).toEqual({
      times: [6000],
      series: [{ name: "watchers", member: "m1", label: "", values: [6] }],
    });
  });

  it("an hour later, minutes stand for what was: means of values, the worst of quantiles", () => {
    const store = new SeriesStore();
    for (let step = 0; step < FINE_COLUMNS + 24; step += 1) {
      const inMinute = step % 12;
      store.record(step * STEP_MS, [
        point("keys", inMinute),
        point("fsync_p99_ms", inMinute === 3 ? NaN : inMinute),
      ]);
    }
    const { times, series } = store.read([], 0);
    expect(times.slice(0, 4)).toEqual([0, 60_000, 120_000, 125_000]);
    expect(times).toHaveLength(2 + FINE_COLUMNS);
    expect(series.map(({ name, values }) => [name, ...values.slice(0, 3)])).toEqual([
      ["fsync_p99_ms", 11, 11, 0],
      ["keys", 5.5, 5.5, 0],
    ]);
  });

  it("keeps no more series than its limit, and makes room for new ones when old ones have gone silent", () => {
    const store = new SeriesStore();
    const many = Array.from({ length: SERIES_MAX + 5 }, (_, place) => point("keys", 1, `m${place}`));
    store.record(0, many);
    expect(store.read([], 0).series).toHaveLength(SERIES_MAX);
    for (let step = 1; step <= FINE_COLUMNS; step += 1) store.record(step * STEP_MS, []);
    store.record((FINE_COLUMNS + 1) * STEP_MS, [point("watchers", 1)]);
    expect(store.read(["watchers"], 0).series).toHaveLength(1);
  });
});
