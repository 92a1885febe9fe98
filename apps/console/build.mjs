/**
 * Builds the console into `dist/`: the program, and the screens beside it with their compressed forms. The screens are built by
 * `packages/console` before.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const screens = join(here, "../../packages/console/dist/app");
const COMPRESSIBLE = /\.(css|html|js|json|svg|txt|webmanifest)$/;
/** Less is not worth a header. */
const COMPRESSED_BYTES_MIN = 512;

mkdirSync(dist, { recursive: true });
await build({
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  conditions: ["@quorate/source"],
  entryPoints: [join(here, "src/main.ts")],
  outfile: join(dist, "console.cjs"),
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
});

if (!existsSync(join(screens, "index.html"))) {
  console.error(`The screens are not in ${screens}; build packages/console first.`);
  process.exit(1);
}
rmSync(join(dist, "app"), { recursive: true, force: true });
cpSync(screens, join(dist, "app"), { recursive: true });
compressAll(join(dist, "app"));

function compressAll(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      compressAll(path);
      continue;
    }
    const content = readFileSync(path);
    if (!COMPRESSIBLE.test(path) || content.length < COMPRESSED_BYTES_MIN) continue;
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
  }
}
