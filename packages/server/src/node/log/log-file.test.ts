import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogFile } from "./log-file.js";
import { parseRotation, type RotationSettings } from "./rotation.js";

const DAY_MS = 24 * 60 * 60 * 1000;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "log-file-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SETTINGS: RotationSettings = {
  bytesMax: 10,
  ageMsMax: 0,
  backupsMax: 0,
  isLocalTime: false,
  compresses: false,
};

/** A file whose clock goes on by a second with each line. */
function open(change: Partial<RotationSettings>): { file: LogFile; later(ms: number): void } {
  let nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  const file = new LogFile(join(folder, "q.log"), { ...SETTINGS, ...change }, () => (nowMs += 1000));
  return { file, later: (ms) => (nowMs += ms) };
}
const names = (): string[] => readdirSync(folder).sort();
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

test("a file is put aside before the line that would make it too large, and none is split or lost", async () => {
  const { file } = open({});
  for (const line of ["first\n", "2nd\n", "third\n", "a line of more than ten\n", "z\n"]) file.write(line);
  await file.tidied;
  file.close();
  const aside = names().filter((name) => name !== "q.log");
  expect(aside[0]).toMatch(/^q-2026-01-02T03-04-\d\d\.000\.log$/);
  expect([...aside.map(read), read("q.log")]).toEqual([
    "first\n2nd\n",
    "third\n",
    "a line of more than ten\n",
    "z\n",
  ]);
});

test("what is there already counts, and files of others stay", async () => {
  for (const name of ["q.log", "q-notes.log", "other-2020-01-01T00-00-00.000.log"])
    writeFileSync(join(folder, name), "12345678");
  const { file } = open({ backupsMax: 1 });
  file.write("abc\n");
  await file.tidied;
  file.close();
  expect(read("q.log")).toBe("abc\n");
  expect(names()).toEqual(
    expect.arrayContaining(["q-notes.log", "other-2020-01-01T00-00-00.000.log"]) as string[],
  );
});

test("as many old files stay as are wanted, compressed, and none beyond its age", async () => {
  const { file, later } = open({ backupsMax: 2, ageMsMax: DAY_MS, compresses: true });
  for (const line of ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "dddddddddd"]) {
    file.write(line);
    await file.tidied;
  }
  const aside = names().filter((name) => name !== "q.log");
  expect(aside.map((name) => gunzipSync(readFileSync(join(folder, name))).toString())).toEqual([
    "bbbbbbbbbb",
    "cccccccccc",
  ]);
  later(2 * DAY_MS);
  file.write("eeeeeeeeee");
  await file.tidied;
  file.close();
  expect(names()).toHaveLength(2);
});

test("settings are read as etcd reads them", () => {
  const fallback = '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}';
  expect(parseRotation(fallback, ["stderr", "q.log"])).toMatchObject({ bytesMax: 100 * 2 ** 20 });
  const own = '{"maxsize": 1, "maxage": 2, "maxbackups": 3, "localtime": true, "compress": true}';
  expect(parseRotation(own, ["q.log"])).toEqual({
    bytesMax: 2 ** 20,
    ageMsMax: 2 * DAY_MS,
    backupsMax: 3,
    isLocalTime: true,
    compresses: true,
  });
  for (const outputs of [["stderr"], ["a.log", "b.log"]])
    expect(parseRotation(fallback, outputs)).toMatch(/^--log-outputs requires a single file path/);
  expect(parseRotation("{", ["a.log"])).toMatch(/^improperly formatted log rotation config: /);
  for (const text of ['{"maxsize": "100"}', '{"compress": 1}', "[]", '{"maxage": -1}'])
    expect(parseRotation(text, ["a.log"])).toMatch(/^invalid log rotation config: /);
});
