/**
 * Each wall of the house is broken once, on purpose, in a snippet that pretends to be a file of the room; lint or the compiler
 * must notice. A wall that no snippet tests would fall silently with the next change of configuration.
 */
import { readdirSync } from "node:fs";
import { ESLint } from "eslint";
import { beforeAll, expect, test } from "vitest";
import { compileAs } from "./compile-as.js";
import { absolute, repositoryRoot } from "./repository.js";

interface Breach {
  readonly what: string;
  /** The room, as the folder its sources live in. */
  readonly room: string;
  readonly code: string;
  /** The rule or compiler message that must speak up. */
  readonly expected: RegExp;
}

const boundary = /@nx\/enforce-module-boundaries/;

const lintBreaches: readonly Breach[] = [
  {
    what: "std imports a sister",
    room: "packages/std/src",
    code: `export { x } from "@quorate/proto";`,
    expected: boundary,
  },
  {
    what: "std imports a library",
    room: "packages/std/src",
    code: `export * from "@bufbuild/protobuf";`,
    expected: boundary,
  },
  {
    what: "proto imports raft",
    room: "packages/proto/src",
    code: `export * from "@quorate/raft";`,
    expected: boundary,
  },
  {
    what: "raft imports wire types",
    room: "packages/raft/src",
    code: `export * from "@quorate/proto";`,
    expected: boundary,
  },
  {
    what: "raft imports a library",
    room: "packages/raft/src",
    code: `export * from "@bufbuild/protobuf";`,
    expected: boundary,
  },
  {
    what: "machine imports consensus",
    room: "packages/machine/src",
    code: `export * from "@quorate/raft";`,
    expected: boundary,
  },
  {
    what: "machine imports storage",
    room: "packages/machine/src",
    code: `export * from "@quorate/storage";`,
    expected: boundary,
  },
  {
    what: "machine imports a Node library",
    room: "packages/machine/src",
    code: `export * from "rocksdb-native";`,
    expected: boundary,
  },
  {
    what: "storage imports the server",
    room: "packages/storage/src",
    code: `export * from "@quorate/server";`,
    expected: boundary,
  },
  {
    what: "the SDK's portable part imports what runs on Node only",
    room: "packages/client/src/connection",
    code: `export * from "@quorate/rpc/client";`,
    expected: boundary,
  },
  {
    what: "rpc learns of etcd",
    room: "packages/rpc/src",
    code: `export * from "@quorate/proto";`,
    expected: boundary,
  },
  {
    what: "rpc uses the gRPC library outside tests",
    room: "packages/rpc/src",
    code: `export * from "@grpc/grpc-js";`,
    expected: boundary,
  },
  {
    what: "a package imports an application",
    room: "packages/server/src",
    code: `export * from "@quorate/app-quorate";`,
    expected: boundary,
  },
  {
    what: "a room uses a library it does not declare",
    room: "packages/storage/src",
    code: `export * from "hpack.js";`,
    expected: boundary,
  },
  {
    what: "a sister is reached by path",
    room: "packages/machine/src",
    code: `export * from "../../std/src/prng.js";`,
    expected: boundary,
  },
  {
    what: "the driver reads a file",
    room: "packages/server/src/member",
    code: `export * from "node:fs";`,
    expected: /no-restricted-imports/,
  },
  {
    what: "the driver reaches for an adapter",
    room: "packages/server/src/member",
    code: `export * from "../node/index.js";`,
    expected: /no-restricted-imports/,
  },
  {
    what: "the driver reaches for storage",
    room: "packages/server/src/member",
    code: `export * from "@quorate/storage";`,
    expected: /no-restricted-imports/,
  },
  {
    what: "a service opens a socket",
    room: "packages/server/src/api",
    code: `export * from "node:net";`,
    expected: /no-restricted-imports/,
  },
  {
    what: "a service reaches for an adapter",
    room: "packages/server/src/api",
    code: `export * from "../node/index.js";`,
    expected: /no-restricted-imports/,
  },
  {
    what: "a service calls the transport",
    room: "packages/server/src/api",
    code: `export { x } from "@quorate/rpc";`,
    expected: /no-restricted-imports/,
  },
  {
    what: "the driver asks the wall clock",
    room: "packages/server/src/member",
    code: `export const x: number = Date.now();`,
    expected: /no-restricted-globals/,
  },
  {
    what: "the driver rolls dice",
    room: "packages/server/src/member",
    code: `export const x: number = Math.random();`,
    expected: /no-restricted-properties/,
  },
  ...["std", "proto", "raft", "machine"].flatMap((room): Breach[] => [
    {
      what: `${room} asks the wall clock`,
      room: `packages/${room}/src`,
      code: `export const x: number = Date.now();`,
      expected: /no-restricted-globals/,
    },
    {
      what: `${room} rolls dice`,
      room: `packages/${room}/src`,
      code: `export const x: number = Math.random();`,
      expected: /no-restricted-properties/,
    },
  ]),
  {
    what: "raft makes a promise",
    room: "packages/raft/src",
    code: `export const x: unknown = Promise.resolve();`,
    expected: /no-restricted-globals/,
  },
  {
    what: "raft speaks of promises",
    room: "packages/raft/src",
    code: `export interface X { wait(): Promise<void> }`,
    expected: /no-restricted-syntax/,
  },
  {
    what: "raft awaits",
    room: "packages/raft/src",
    code: `export async function x(): Promise<void> { await undefined; }`,
    expected: /no-restricted-syntax/,
  },
  {
    what: "a promise floats",
    room: "packages/server/src",
    code: `declare function save(): Promise<void>;\nsave();\nexport {};`,
    expected: /no-floating-promises/,
  },
  {
    what: "a promise is a condition",
    room: "packages/server/src",
    code: `declare function save(): Promise<boolean>;\nexport const x: number = save() ? 1 : 2;`,
    expected: /no-misused-promises/,
  },
  {
    what: "a switch forgets a case",
    room: "packages/std/src",
    code: `export function x(kind: "a" | "b"): number { switch (kind) { case "a": return 1; }\nreturn 2; }`,
    expected: /switch-exhaustiveness-check/,
  },
  {
    what: "a string is thrown",
    room: "packages/std/src",
    code: `export function x(): never { throw "no"; }`,
    expected: /only-throw-error/,
  },
  {
    what: "any appears",
    room: "packages/std/src",
    code: `export const x: any = 1;`,
    expected: /no-explicit-any/,
  },
  {
    what: "null is waved away",
    room: "packages/std/src",
    code: `export function x(y: number | undefined): number { return y!; }`,
    expected: /no-restricted-syntax/,
  },
  {
    what: "a type is imported as a value",
    room: "packages/std/src",
    code: `import { Prng } from "./prng.js";\nexport type X = Prng;`,
    expected: /consistent-type-imports/,
  },
  {
    what: "a function takes six parameters",
    room: "packages/std/src",
    code: `export function x(a: 1, b: 1, c: 1, d: 1, e: 1, f: 1): number { return a + b + c + d + e + f; }`,
    expected: /max-params/,
  },
];

const compileBreaches: readonly Breach[] = [
  ...["std", "proto", "raft", "machine"].flatMap((room) => outsideWorld(`packages/${room}/src`)),
  ...["member", "api"].flatMap((folder) => outsideWorld(`packages/server/src/${folder}`)),
  { what: "an enum", room: "packages/std/src", code: `export enum X { A }`, expected: /TS1294/ },
  {
    what: "an export without a type",
    room: "packages/std/src",
    code: `export const x = [1, 2].map((y) => y + 1);`,
    expected: /TS9010/,
  },
  {
    what: "an unchecked index",
    room: "packages/std/src",
    code: `export function x(y: number[]): number { return y[0]; }`,
    expected: /TS2322/,
  },
];

let eslint: ESLint;
beforeAll(() => {
  // With CI set, typescript-eslint takes it that files do not change, and would read the stand-ins from the disk.
  process.env["TSESTREE_SINGLE_RUN"] = "false";
  eslint = new ESLint({ cwd: repositoryRoot });
});

test.for(lintBreaches)("lint notices: $what ($room)", async ({ room, code, expected }) => {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: standIn(room) });
  expect(
    result!.messages.map((message) => `${message.ruleId ?? "syntax"}: ${message.message}`).join("\n"),
  ).toMatch(expected);
});

test("lint accepts what the table admits", async () => {
  const code = `export type { Prng } from "@quorate/std";\n`;
  const [result] = await eslint.lintText(code, { filePath: standIn("packages/raft/src") });
  expect(result!.messages.filter((message) => message.ruleId === "@nx/enforce-module-boundaries")).toEqual(
    [],
  );
});

test.for(compileBreaches)("the compiler notices: $what ($room)", ({ room, code, expected }) => {
  expect(compileAs(standIn(room), code)).toMatch(expected);
});

test.for([...new Set(compileBreaches.map(({ room }) => room))])(
  "the compiler accepts the language itself (%s)",
  (room) => {
    expect(compileAs(standIn(room), `export const x: Map<string, Uint8Array> = new Map();`)).toBe("");
  },
);

/** What a pure room must not see: each line alone would tie it to a runtime. */
function outsideWorld(room: string): Breach[] {
  return [
    { what: "a Node module", code: `import "node:fs";`, expected: /TS2(307|882|591|580)/ },
    { what: "a timer", code: `setTimeout(() => {}, 1);`, expected: /TS2(304|584|580)/ },
    { what: "the console", code: `console.log(1);`, expected: /TS2(304|584|580)/ },
    { what: "a Buffer", code: `export const x: unknown = Buffer.alloc(1);`, expected: /TS2(304|580|591)/ },
    { what: "the process", code: `export const x: unknown = process.env;`, expected: /TS2(304|580|591)/ },
    {
      what: "a text encoder",
      code: `export const x: unknown = new TextEncoder();`,
      expected: /TS2(304|584)/,
    },
    { what: "the network", code: `export const x: unknown = fetch("");`, expected: /TS2(304|584)/ },
    { what: "a clock", code: `export const x: unknown = performance.now();`, expected: /TS2(304|584)/ },
  ].map((breach) => ({ ...breach, room }));
}

/** A file of the room whose place the snippet takes: typed rules only speak about files of a project. */
function standIn(room: string): string {
  const names = readdirSync(absolute(room)).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"),
  );
  const name = names.includes("index.ts") ? "index.ts" : names[0];
  if (name === undefined) throw new Error(`${room} has no source file to stand in for`);
  return absolute(`${room}/${name}`);
}
