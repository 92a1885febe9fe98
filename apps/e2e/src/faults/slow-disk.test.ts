import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SlowDisk } from "./slow-disk.js";

describe("a disk made slow", () => {
  it("either is measured to be slow, or says why it cannot be", async () => {
    const folder = mkdtempSync(join(tmpdir(), "e2e-slow-disk-"));
    try {
      const disk = await SlowDisk.create(folder);
      if (typeof disk === "string") {
        console.warn(`no slow disk: ${disk}`);
        expect(disk).not.toBe("");
        return;
      }
      disk.remove();
      expect(() => disk.add(process.pid)).toThrow(/ENOENT/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
