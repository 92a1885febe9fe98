/**
 * `npm test`: set-up, build, lint, format, and the tests of all rooms and tools. With `--e2e` also real processes on loopback.
 * The last line is `N passed, N failed`; the three checks before the tests count as one each.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import {
  buildConsoleIfStale,
  buildServerIfStale,
  installIfStale,
  requireNode,
  root,
  runNode,
} from "./workspace.mjs";

requireNode();
const scratch = mkdtempSync(join(tmpdir(), "quorate-test-"));
const outcomes = [];
const noTests = {
  testResults: [],
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
};

if (!installIfStale()) {
  console.error("npm could not install the packages.");
  outcomes.push({ name: "install", passed: 0, failed: 1, skipped: 0, seconds: 0 });
} else {
  check("build", "node_modules/typescript/bin/tsc", ["-b"]);
  check("lint", "node_modules/eslint/bin/eslint.js", ["."]);
  check("format", "node_modules/prettier/bin/prettier.cjs", ["--check", "--log-level=warn", "."]);
  suite("tests", []);
  if (process.argv.includes("--e2e")) endToEnd();
}
rmSync(scratch, { recursive: true, force: true });

console.log("");
for (const { name, passed, failed, skipped, seconds } of outcomes) {
  const skips = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(
    `${failed > 0 ? "FAILED" : "ok    "}  ${name.padEnd(12)} ${passed} passed, ${failed} failed${skips}  (${seconds} s)`,
  );
}
const sum = (key) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exit(sum("failed") > 0 ? 1 : 0);

function check(name, script, args) {
  const started = begin(name);
  const ok = runNode(script, args) === 0;
  outcomes.push({ name, passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, seconds: secondsSince(started) });
}

function endToEnd() {
  if (!existsSync(join(root, "apps/e2e/vitest.config.ts"))) return;
  bundle("server", buildServerIfStale);
  bundle("console", buildConsoleIfStale);
  // The fixed seeds are among the tests; these are new each time. A failure prints its seed.
  const seconds = process.env.SIM_SECONDS ?? "300";
  check("simulation", "tools/run/sim.mjs", [
    "--seconds",
    seconds,
    "--workers",
    String(availableParallelism()),
  ]);
  suite("end to end", ["--config", "apps/e2e/vitest.config.ts"]);
}

function bundle(name, buildIfStale) {
  const started = begin(name);
  const ok = buildIfStale();
  outcomes.push({ name, passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, seconds: secondsSince(started) });
}

/** One run of vitest, counted from its own report. A file that cannot be loaded has no tests to count and is one failure. */
function suite(name, args) {
  const started = begin(name);
  const report = join(scratch, `${name.replaceAll(" ", "-")}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const status = runNode("node_modules/vitest/vitest.mjs", ["run", ...args, ...reporters]);
  const { passed, failed, skipped } = count(
    existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : noTests,
  );
  // Vitest also fails for errors outside any test, such as a rejection that nobody awaited.
  const unaccounted = status !== 0 && failed === 0 ? 1 : 0;
  outcomes.push({ name, passed, failed: failed + unaccounted, skipped, seconds: secondsSince(started) });
}

function count({ testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests }) {
  const unloadable = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  return {
    passed: numPassedTests,
    failed: numFailedTests + unloadable.length,
    skipped: numPendingTests + numTodoTests,
  };
}

function begin(name) {
  console.log(`\n== ${name}`);
  return performance.now();
}

function secondsSince(started) {
  return Math.round((performance.now() - started) / 1000);
}
