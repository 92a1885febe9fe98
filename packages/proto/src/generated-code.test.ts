/** The committed code is what the definitions generate: regenerated here into a temporary folder and compared. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { create, etcdserverpb, fromBinary, mvccpb, raftpb, toBinary } from "./index.js";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const binFolder = join(packageFolder, "../../node_modules/.bin");
const buf = join(binFolder, process.platform === "win32" ? "buf.cmd" : "buf");
const missing = describeMissingBuf();
if (missing !== undefined) console.warn(`generated code is not compared: ${missing}`);

describe("the generated code", () => {
  const folder = mkdtempSync(join(tmpdir(), "proto-gen-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.skipIf(missing !== undefined)("equals what the definitions generate", () => {
    const template = readFileSync(join(packageFolder, "buf.gen.yaml"), "utf8");
    const templateFile = join(folder, "buf.gen.yaml");
    writeFileSync(
      templateFile,
      template.replace("out: src/gen", `out: ${JSON.stringify(join(folder, "gen"))}`),
    );
    runBuf(["generate", "--template", templateFile]);

    const generated = readTree(join(folder, "gen"));
    const committed = readTree(join(packageFolder, "src/gen"));
    expect([...committed.keys()]).toEqual([...generated.keys()]);
    for (const [path, text] of generated) expect(committed.get(path), path).toBe(text);
  });

  it.skipIf(missing !== undefined)("comes from definitions that lint accepts", () => {
    expect(runBuf(["lint"])).toBe("");
  });
});

describe("the encoding", () => {
  it("writes a record's fields in order and leaves zeros out (a=b at revision 2)", () => {
    const kv = create(mvccpb.KeyValueSchema, {
      key: bytes("a"),
      value: bytes("b"),
      createRevision: 2n,
      modRevision: 2n,
      version: 1n,
    });
    expect(hex(toBinary(mvccpb.KeyValueSchema, kv))).toBe("0a0161100218022001" + "2a0162");
  });

  it("writes a log entry's operation before its header (put a=b, request 1)", () => {
    const request = create(etcdserverpb.InternalRaftRequestSchema, {
      header: { ID: 1n },
      put: { key: bytes("a"), value: bytes("b") },
    });
    expect(hex(toBinary(etcdserverpb.InternalRaftRequestSchema, request))).toBe("22060a0161120162a206020801");
  });

  it("keeps an empty operation visible (auth enable)", () => {
    const request = create(etcdserverpb.InternalRaftRequestSchema, { authEnable: {} });
    expect(hex(toBinary(etcdserverpb.InternalRaftRequestSchema, request))).toBe("c23e00");
  });

  it("writes lists of members unpacked and reads them either way", () => {
    const state = create(raftpb.ConfStateSchema, { voters: [1n, 2n], autoLeave: false });
    expect(hex(toBinary(raftpb.ConfStateSchema, state))).toBe("080108022800");
    expect(fromBinary(raftpb.ConfStateSchema, Uint8Array.of(0x0a, 2, 1, 2)).voters).toEqual([1n, 2n]);
  });

  it("carries all 64 bits of an identity", () => {
    const header = create(etcdserverpb.ResponseHeaderSchema, {
      clusterId: 2n ** 64n - 1n,
      revision: -(2n ** 63n),
    });
    const read = fromBinary(
      etcdserverpb.ResponseHeaderSchema,
      toBinary(etcdserverpb.ResponseHeaderSchema, header),
    );
    expect(read.clusterId).toBe(2n ** 64n - 1n);
    expect(read.revision).toBe(-(2n ** 63n));
  });
});

/** Buf ships a native binary per platform as an optional package, so it may be absent where everything else works. */
function describeMissingBuf(): string | undefined {
  if (!existsSync(buf)) return `${buf} is not installed`;
  try {
    runBuf(["--version"]);
    return undefined;
  } catch (error) {
    return `buf does not run on ${process.platform}-${process.arch}: ${String(error)}`;
  }
}

function runBuf(args: readonly string[]): string {
  const env = { ...process.env, PATH: `${binFolder}${delimiter}${process.env["PATH"] ?? ""}` };
  return execFileSync(buf, args, {
    cwd: packageFolder,
    env,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
}

function readTree(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".ts"),
  );
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString("hex");
}
