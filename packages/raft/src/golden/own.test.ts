/**
 * Our own scripts: whole behaviours that upstream's scripts do not show, readable as stories. UPDATE_GOLDENS=1 writes what
 * comes out; the diff is reviewed.
 */
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { listScripts, playScript } from "../testing/data-driven.js";
import { handleInteraction } from "../testing/interaction-commands.js";
import { InteractionEnv } from "../testing/interaction-env.js";

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "testdata");

test.each(listScripts(folder).map((path) => [basename(path), path]))("%s", (_name, path) => {
  const env = new InteractionEnv();
  expect(playScript(path, (script) => handleInteraction(env, script))).toBeNull();
});
