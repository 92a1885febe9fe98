import { defineConfig } from "vitest/config";

/** One runner for every room: tests sit beside their sources and import sister packages from source. */
export default defineConfig({
  resolve: { conditions: ["@quorate/source"] },
  ssr: { resolve: { conditions: ["@quorate/source"] } },
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "packages/console/src/**/*.test.tsx",
      "apps/console/src/**/*.test.ts",
      "tools/*/src/**/*.test.ts",
    ],
    pool: "forks",
    // What is waited for comes, or never: a busy machine is no failure.
    expect: { poll: { timeout: 30_000 } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
