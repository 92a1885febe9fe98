/**
 * Lint: the walls between rooms (tools/tidy/rooms.mjs), what purity forbids beyond the compiler's reach, and the typed rules.
 * tools/tidy/src/walls.test.ts breaks each wall on purpose and expects this file to notice.
 */
import js from "@eslint/js";
import nxPlugin from "@nx/eslint-plugin";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";
import { dependencyConstraints } from "./tools/tidy/rooms.mjs";

// The boundary rule skips itself silently when there is no fresh project graph, so one is made here, in this process.
process.env["NX_DAEMON"] ??= "false";
process.env["NX_ISOLATE_PLUGINS"] ??= "false";
const { createProjectGraphAsync } = await import("@nx/devkit");
await createProjectGraphAsync({ exitOnError: false, resetDaemonClient: true });

const sources = ["packages/*/src/**/*.{ts,tsx}", "apps/*/src/**/*.ts", "tools/*/src/**/*.ts"];
const tests = [
  "**/*.test.{ts,tsx}",
  "**/*.test-d.ts",
  "**/testing/**/*.ts",
  "packages/client/src/testing.ts",
  "apps/e2e/**/*.ts",
];
const benches = ["packages/*/bench/**"];
const pureRooms = ["std", "proto", "raft", "machine"].map((room) => `packages/${room}/src/**/*.ts`);
const portable = ["member", "api", "cluster", "lease"].map((room) => `packages/server/src/${room}/**/*.ts`);

/** Three read well, a fourth is sometimes worth it; beyond that, one options object with named fields. */
const parametersMax = 4;

/** Where a function gets a buffer and offsets instead of a view, because a view per record would be an allocation per record. */
const byteRangeCode = [
  "packages/machine/src/{mvcc,watch}/**",
  "packages/server/src/api/watch/watch-responses.ts",
  "packages/rpc/src/*/**",
  "packages/storage/src/{vfs,wal}/**",
  "packages/sim/src/world/sim-files.ts",
  "packages/proto/src/**",
];

const boundaries = (options) => [
  "error",
  {
    banTransitiveDependencies: true,
    // A program may import one door of a package at once and another when it is needed.
    checkDynamicDependenciesExceptions: [".*"],
    depConstraints: dependencyConstraints(options),
  },
];

const clockAndChance = {
  globals: [{ name: "Date", message: "Pure rooms are told the time." }],
  properties: [{ object: "Math", property: "random", message: "Pure rooms draw from a seeded Prng." }],
};

/** An element at an index that was bounded is there, and no check is free in a byte loop; all else proves itself to the compiler. */
const nonNull = {
  selector: "TSNonNullExpression:not(:has(> MemberExpression[computed=true]))",
  message: "Narrow it instead; only an element at a bounded index may be followed by `!`.",
};

const synchronousOnly = [
  { selector: ":function[async=true]", message: "Consensus is synchronous from end to end." },
  { selector: "AwaitExpression", message: "Consensus is synchronous from end to end." },
  { selector: "ForOfStatement[await=true]", message: "Consensus is synchronous from end to end." },
  { selector: "TSTypeReference > Identifier[name='Promise']", message: "Consensus hands out no promises." },
];

export default tseslint.config(
  { ignores: ["**/dist/**", "**/node_modules/**", ".nx/**", "packages/proto/src/gen/**", "**/testdata/**"] },
  {
    files: ["**/*.mjs"],
    extends: [js.configs.recommended],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        setTimeout: "readonly",
        URL: "readonly",
        Buffer: "readonly",
        performance: "readonly",
        clearTimeout: "readonly",
        setInterval: "readonly",
        clearInterval: "readonly",
        setImmediate: "readonly",
      },
    },
  },
  {
    files: sources,
    extends: [js.configs.recommended, tseslint.configs.base],
    plugins: { "@nx": nxPlugin },
    languageOptions: {
      parserOptions: { project: "./tools/tidy/tsconfig.lint.json", tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      // The compiler knows better.
      "no-undef": "off",
      "no-unused-vars": "off",
      "no-redeclare": "off",
      "no-dupe-class-members": "off",

      "@nx/enforce-module-boundaries": boundaries({ tests: false }),

      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/prefer-promise-reject-errors": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/no-explicit-any": "error",
      "no-restricted-syntax": ["error", nonNull],
      "@typescript-eslint/no-unnecessary-type-assertion": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/max-params": ["error", { max: parametersMax }],
      // `== null` reads as "neither null nor undefined", which Node's callbacks make necessary.
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error",
      "no-self-compare": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  {
    files: pureRooms,
    ignores: tests,
    rules: {
      "no-restricted-globals": ["error", ...clockAndChance.globals],
      "no-restricted-properties": ["error", ...clockAndChance.properties],
    },
  },
  {
    files: ["packages/raft/src/**/*.ts"],
    ignores: tests,
    rules: {
      "no-restricted-globals": [
        "error",
        ...clockAndChance.globals,
        { name: "Promise", message: "Consensus is synchronous from end to end." },
      ],
      "no-restricted-syntax": ["error", nonNull, ...synchronousOnly],
    },
  },
  {
    // These two folders run under the simulator: whatever they need of the world is handed in through a port.
    files: portable,
    ignores: tests,
    rules: {
      "no-restricted-globals": ["error", ...clockAndChance.globals],
      "no-restricted-properties": ["error", ...clockAndChance.properties],
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["node:*"], message: "The driver and the services are portable: ask a port." },
            {
              group: ["**/node/*", "**/node/**"],
              message: "The adapters know the driver, never the other way round.",
            },
            {
              group: ["@quorate/storage", "@quorate/storage/*"],
              message: "Storage implements ports; the driver owns them.",
            },
            {
              group: ["@quorate/rpc", "@quorate/rpc/*"],
              allowTypeImports: true,
              message: "Services see the shape of a call, never the transport.",
            },
          ],
        },
      ],
    },
  },
  {
    files: [...tests, ...benches],
    plugins: { "@nx": nxPlugin },
    rules: {
      "@nx/enforce-module-boundaries": boundaries({ tests: true }),
      "no-restricted-syntax": "off",
      "@typescript-eslint/max-params": "off",
      "no-console": "off",
    },
  },
  {
    // The SDK runs wherever JavaScript does: Node's own things stay behind its transport port.
    files: ["packages/client/src/**/*.ts"],
    ignores: [...tests, "packages/client/src/node/**"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...["Buffer", "process", "setImmediate", "clearImmediate", "require", "__dirname", "global"].map(
          (name) => ({
            name,
            message: "Browsers do not have it.",
          }),
        ),
      ],
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["node:*", "@grpc/*"], message: "Only src/node knows the runtime." },
            { group: ["**/testing/**"], message: "The door for tests is for tests." },
          ],
        },
      ],
    },
  },
  {
    files: ["packages/console/src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: { "react-hooks/rules-of-hooks": "error", "react-hooks/exhaustive-deps": "error" },
  },
  {
    // Its part for Node may stand on what runs on Node only.
    files: ["packages/client/src/node/**"],
    ignores: tests,
    plugins: { "@nx": nxPlugin },
    rules: { "@nx/enforce-module-boundaries": boundaries({ tests: false, node: true }) },
  },
  { files: byteRangeCode, rules: { "@typescript-eslint/max-params": "off" } },
  {
    // Command-line programs talk to people.
    files: ["apps/*/src/**/*.ts", "tools/{bench,simulate}/src/**/*.ts"],
    rules: { "no-console": "off" },
  },
);
