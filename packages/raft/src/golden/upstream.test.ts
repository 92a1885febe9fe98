/**
 * Upstream's 41 scripts, played against our core: every output must be equal character by character. They are not part of
 * this repository; where they are absent, one skipped test says so and why.
 */
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfChangeScript } from "../testing/confchange-commands.js";
import { findUpstreamScripts, listScripts, playScript } from "../testing/data-driven.js";
import { handleInteraction } from "../testing/interaction-commands.js";
import { InteractionEnv } from "../testing/interaction-env.js";
import { handleQuorum } from "../testing/quorum-commands.js";

const found = findUpstreamScripts();

if ("missing" in found) {
  console.warn(found.missing);
  test.skip(`upstream scripts are absent: ${found.missing}`, () => undefined);
} else {
  const { folder } = found;

  test("all 41 upstream scripts are there", () => {
    const count = (name: string): number => listScripts(join(folder, name)).length;
    expect({
      interaction: count("interaction"),
      quorum: count("quorum"),
      confchange: count("confchange"),
    }).toEqual({
      interaction: 28,
      quorum: 4,
      confchange: 9,
    });
  });

  describe("interaction", () => {
    test.each(listScripts(join(folder, "interaction")).map((path) => [basename(path), path]))(
      "%s",
      (_name, path) => {
        const env = new InteractionEnv();
        expect(playScript(path, (script) => handleInteraction(env, script))).toBeNull();
      },
    );
  });

  describe("quorum", () => {
    test.each(listScripts(join(folder, "quorum")).map((path) => [basename(path), path]))(
      "%s",
      (_name, path) => {
        expect(playScript(path, handleQuorum)).toBeNull();
      },
    );
  });

  describe("confchange", () => {
    test.each(listScripts(join(folder, "confchange")).map((path) => [basename(path), path]))(
      "%s",
      (_name, path) => {
        const script = new ConfChangeScript();
        expect(playScript(path, (one) => script.handle(one))).toBeNull();
      },
    );
  });
}
