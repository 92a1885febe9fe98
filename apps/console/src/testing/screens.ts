import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** What stands in for the built screens: a page and one script with its compressed forms. */
export function makeScreens(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "console-screens-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>page</title>");
  writeFileSync(join(folder, "favicon.svg"), "<svg/>");
  const script = "script ".repeat(100);
  writeFileSync(join(folder, "assets", "app-1a2b.js"), script);
  writeFileSync(join(folder, "assets", "app-1a2b.js.br"), brotliCompressSync(script));
  writeFileSync(join(folder, "assets", "app-1a2b.js.gz"), gzipSync(script));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
