/** The reference that TypeDoc writes: every export has its words, and every link leads somewhere. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOM = fileURLToPath(new URL("../../", import.meta.url));
const TYPEDOC = fileURLToPath(new URL("../../../../node_modules/typedoc/bin/typedoc", import.meta.url));

test("every export is documented", async () => {
  const run = promisify(execFile)(
    process.execPath,
    [TYPEDOC, "--emit", "none", "--treatValidationWarningsAsErrors", "--skipErrorChecking"],
    { cwd: ROOM },
  );
  const { stderr } = await run.catch((error: { stdout: string; stderr: string }) => ({
    stderr: error.stdout + error.stderr,
  }));
  expect(stderr).toBe("");
}, 300_000);
