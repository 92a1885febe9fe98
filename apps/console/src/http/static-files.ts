/**
 * The built screens, read once and kept in memory with their compressed forms, which the build has made beside them.
 *
 * Files under `assets/` carry a hash of their content in their name and are cached for good; everything else is asked for again each time.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { IncomingHttpHeaders } from "node:http";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  webmanifest: "application/manifest+json",
  woff2: "font/woff2",
};
const ENCODINGS = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const;

interface StaticFile {
  readonly type: string;
  readonly isImmutable: boolean;
  readonly etag: string;
  readonly plain: Buffer;
  readonly encoded: ReadonlyMap<string, Buffer>;
}

export interface StaticAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files;
  }

  /** Throws an Error that names the folder when the screens are not there. */
  static read(folder: string): StaticFiles {
    if (!existsSync(join(folder, "index.html"))) {
      throw new Error(
        `the console's screens are not in ${folder}; build them, or name their folder with --ui`,
      );
    }
    const files = new Map<string, StaticFile>();
    for (const path of listFiles(folder)) {
      if (ENCODINGS.some(({ suffix }) => path.endsWith(suffix))) continue;
      files.set(`/${relative(folder, path).split(sep).join("/")}`, readStaticFile(path));
    }
    return new StaticFiles(files);
  }

  /** Whatever a person may have in the address bar gets the page, which knows its own routes; other things are not found. */
  answer(path: string, headers: IncomingHttpHeaders): StaticAnswer {
    const page = isRoute(path, headers) ? this.#files.get("/index.html") : undefined;
    const file = this.#files.get(path) ?? page;
    if (file === undefined) {
      return { status: 404, headers: { "content-type": "text/plain" }, body: Buffer.from("not found\n") };
    }
    const cacheControl = file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache";
    const shared = { "cache-control": cacheControl, etag: file.etag, vary: "accept-encoding" };
    if (headers["if-none-match"] === file.etag)
      return { status: 304, headers: shared, body: Buffer.alloc(0) };
    const accepted = acceptedEncodings(headers["accept-encoding"]);
    const encoding = ENCODINGS.find(({ name }) => accepted.has(name) && file.encoded.has(name))?.name;
    const body = (encoding === undefined ? undefined : file.encoded.get(encoding)) ?? file.plain;
    return {
      status: 200,
      headers: {
        ...shared,
        "content-type": file.type,
        "content-length": body.length,
        ...(encoding === undefined ? {} : { "content-encoding": encoding }),
      },
      body,
    };
  }
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}

function readStaticFile(path: string): StaticFile {
  const plain = readFileSync(path);
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  const encoded = ENCODINGS.filter(({ suffix }) => existsSync(path + suffix)).map(
    ({ name, suffix }): [string, Buffer] => [name, readFileSync(path + suffix)],
  );
  return {
    type: TYPES[extension] ?? "application/octet-stream",
    isImmutable: /[\\/]assets[\\/]/.test(path),
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    plain,
    encoded: new Map(encoded),
  };
}

function isRoute(path: string, { accept }: IncomingHttpHeaders): boolean {
  // Whoever asks for the page itself gets it, also where no browser asks.
  if (path === "/") return true;
  return !path.startsWith("/assets/") && !path.startsWith("/api/") && (accept ?? "").includes("text/html");
}

function acceptedEncodings(header: string | string[] | undefined): ReadonlySet<string> {
  const names = String(header ?? "")
    .split(",")
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => (part.split(";")[0] ?? "").trim().toLowerCase());
  return new Set(names);
}
