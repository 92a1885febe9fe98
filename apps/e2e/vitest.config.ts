import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Real processes share two cores and loopback here, so suites run one after another. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  resolve: { conditions: ["@quorate/source"] },
  ssr: { resolve: { conditions: ["@quorate/source"] } },
  test: {
    include: ["src/**/*.test.ts"],
    globalSetup: ["src/harness/global-setup.ts"],
    pool: "forks",
    // What is waited for comes, or never: a busy machine is no failure.
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 180_000,
  },
});
