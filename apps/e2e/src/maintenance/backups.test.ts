/** Backups that are broken off, and those that etcdctl makes of them. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram, missesPrograms, subjectKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import type { CommandResult } from "../harness/run-command.js";
import { useMember } from "../harness/use-member.js";
import { pathOf, WireClient } from "../harness/wire-client.js";
import { Operator } from "./space.js";

const { snapshot } = etcdserverpb.Maintenance.method;
/** Far more than connections and pipes hold, so that a backup which nobody reads is under way. */
const KEY_COUNT = 500;
const VALUE_BYTES: number = 32 * 1024;
/** Twice what a member makes at once. */
const BROKEN_OFF = 32;
const HASH_BYTES = 32;
const SECTOR_BYTES = 512;

const suite = "backups";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const member = useMember({ kind: subjectKind });
  const folder = mkdtempSync(join(tmpdir(), "e2e-backups-"));
  let client: WireClient;
  beforeAll(async () => {
    client = new WireClient(member().endpoint);
    const operator = new Operator(member());
    await operator.fill(KEY_COUNT, VALUE_BYTES);
    operator.close();
  });
  afterAll(() => {
    client.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** @returns all of a backup, or its first piece when the client leaves then. */
  function download(piecesMax: number): Promise<Buffer> {
    const request = toBinary(snapshot.input, create(snapshot.input, {}));
    const stream = client.openServerStream(pathOf(snapshot), request);
    const blobs: Uint8Array[] = [];
    return new Promise((resolve, reject) => {
      stream.on("data", (message: Buffer) => {
        blobs.push(fromBinary(snapshot.output, message).blob);
        if (blobs.length === piecesMax) stream.cancel();
      });
      stream.on("error", () => undefined);
      stream.on("status", ({ code, details }: { code: number; details: string }) => {
        if (code === 0 || blobs.length === piecesMax) resolve(Buffer.concat(blobs));
        else reject(new Error(`${code} ${details}`));
      });
    });
  }

  const files = (): string[] => readdirSync(member().dataFolder, { recursive: true, encoding: "utf8" });

  it("rule 52: those whose clients leave midway take no place and leave no file, and the next one is whole", async () => {
    expect((await download(Infinity)).length).toBeGreaterThan(KEY_COUNT * VALUE_BYTES);
    const before = files()
      .filter((name) => !/\.(sst|log|wal)$/.test(name))
      .sort();
    for (let i = 0; i < BROKEN_OFF; i++) expect((await download(1)).length).toBeGreaterThan(0);
    const whole = await download(Infinity);
    const data = whole.subarray(0, -HASH_BYTES);
    expect(data.length % SECTOR_BYTES).toBe(0);
    expect(createHash("sha256").update(data).digest().equals(whole.subarray(-HASH_BYTES))).toBe(true);
    await expect
      .poll(() =>
        files()
          .filter((name) => !/\.(sst|log|wal)$/.test(name))
          .sort(),
      )
      .toEqual(before);
    expect(member().isRunning).toBe(true);
  });

  describe.skipIf(missesPrograms(suite, ["etcdctl"]))("by etcdctl", () => {
    function save(file: string, endpoints: readonly string[]): Promise<CommandResult> {
      const args = [`--endpoints=${endpoints.join(",")}`, "snapshot", "save", file];
      const env = { ...process.env, ETCDCTL_API: "3" };
      return runCommand(findProgram("etcdctl")?.command ?? "", args, { env, timeoutMs: 20_000 });
    }

    it("rule 52: of two endpoints are refused and leave no file", async () => {
      const file = join(folder, "two.db");
      const { endpoint } = member();
      const result = await save(file, [endpoint, endpoint.replace("127.0.0.1", "localhost")]);
      expect(result.stderr).toMatch(/snapshot must be requested to one selected node, not multiple/);
      // From 3.6 on; before, arguments that are wrong end it with 128.
      expect([5, 128]).toContain(result.exitCode);
      expect(existsSync(file)).toBe(false);
    });

    it("rule 52: are sectors and a hash", async () => {
      const file = join(folder, "one.db");
      expect(await save(file, [member().endpoint])).toMatchObject({ exitCode: 0 });
      expect(statSync(file).size % SECTOR_BYTES).toBe(HASH_BYTES);
    });
  });
});
