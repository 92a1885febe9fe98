/**
 * Who may import whom: the rows of the table in docs/ARCHITECTURE.md, enforced by lint.
 *
 * `mayImport` names rooms (the `scope:` tags of the package.json files), `external` the packages from outside that the room's
 * own code may use. A room that is not listed here may import nothing, because no rule admits it.
 */

/** @typedef {{ mayImport: readonly string[], external: readonly string[], externalForTests?: readonly string[], mayImportForTests?: readonly string[], mayImportOnNode?: readonly string[] }} Room */

const codec = "@bufbuild/protobuf";
const allPackages = [
  "std",
  "proto",
  "raft",
  "machine",
  "storage",
  "rpc",
  "server",
  "client",
  "cli",
  "console",
  "sim",
];

/** @type {Readonly<Record<string, Room>>} */
export const rooms = {
  std: { mayImport: [], external: [] },
  proto: { mayImport: [], external: [codec] },
  raft: { mayImport: ["std"], external: [] },
  machine: { mayImport: ["std", "proto"], external: [codec] },
  // It runs the member that a process runs, on memory, in virtual time.
  sim: { mayImport: ["std", "proto", "raft", "machine", "storage", "rpc", "server"], external: [codec] },
  storage: {
    mayImport: ["std", "proto", "raft", "machine"],
    external: [codec, "rocksdb-native", "@node-rs/crc32"],
  },
  rpc: { mayImport: ["std"], external: [], externalForTests: ["@grpc/grpc-js", "hpack.js"] },
  server: {
    mayImport: ["std", "proto", "raft", "machine", "storage", "rpc"],
    external: [codec, "@node-rs/bcrypt", "@opentelemetry/api", "jose", "prom-client", "ws", "yaml"],
    externalForTests: ["@grpc/grpc-js"],
  },
  // Its door for tests starts a server in the same process; a transport in its folder node/ stands on rpc's client half.
  client: {
    mayImport: ["std", "proto"],
    mayImportOnNode: ["rpc"],
    external: [codec, "@grpc/grpc-js"],
    mayImportForTests: ["server"],
  },
  cli: { mayImport: ["client", "std", "proto"], external: [codec] },
  console: {
    mayImport: ["std", "proto"],
    external: [
      codec,
      "@base-ui/react",
      "@codemirror/*",
      "@connectrpc/connect",
      "@connectrpc/connect-web",
      "@lezer/highlight",
      "@tanstack/*",
      "lucide-react",
      "react",
      "react-dom",
      "uplot",
      "yaml",
    ],
    externalForTests: ["@testing-library/react", "happy-dom"],
  },

  // Composition roots: they wire everything and nobody imports them.
  "app-quorate": { mayImport: allPackages, external: [codec] },
  "app-quoratectl": { mayImport: allPackages, external: [codec] },
  "app-console": {
    mayImport: allPackages,
    external: [codec, "@connectrpc/connect", "@connectrpc/connect-node"],
  },
  "app-e2e": {
    mayImport: ["std", "proto", "client", "sim", "storage"],
    external: [codec, "@grpc/grpc-js", "axe-core", "etcd3", "playwright-core", "ws", "yaml"],
  },

  // Tools look at the house from outside.
  "tool-tidy": { mayImport: [], external: ["eslint", "typescript"] },
  "tool-bench": { mayImport: ["client"], external: [codec, "etcd3"] },
  "tool-conformance": { mayImport: ["std", "proto", "client"], external: [codec, "@grpc/grpc-js"] },
  "tool-simulate": { mayImport: ["sim"], external: [] },
  "tool-proto": { mayImport: ["proto"], external: [codec] },
};

/** Libraries that any test may use; esbuild for tests that start a process from source. */
const testLibraries = ["vitest", "fast-check", "esbuild"];

/** Which runtimes may be mixed: code for anywhere stays free of code for somewhere. */
const runtimes = [
  { sourceTag: "runtime:any", onlyDependOnLibsWithTags: ["runtime:any"] },
  { sourceTag: "runtime:node", onlyDependOnLibsWithTags: ["runtime:any", "runtime:node"] },
  { sourceTag: "runtime:browser", onlyDependOnLibsWithTags: ["runtime:any", "runtime:browser"] },
];

/**
 * The rows as `depConstraints` of Nx's boundary rule. There is no row for `*`, so an untagged project may import nothing.
 * @param {{ tests: boolean, node?: boolean }} options whether test libraries are admitted; whether this is the part of a room for
 * anywhere that is there for Node alone
 */
export function dependencyConstraints({ tests, node = false }) {
  const rows = Object.entries(rooms).map(([room, row]) => {
    const { mayImport, external, externalForTests = [], mayImportForTests = [], mayImportOnNode = [] } = row;
    const sisters = [
      ...mayImport,
      ...(tests ? mayImportForTests : []),
      ...(tests || node ? mayImportOnNode : []),
    ];
    return {
      sourceTag: `scope:${room}`,
      onlyDependOnLibsWithTags: sisters.map((other) => `scope:${other}`),
      allowedExternalImports: [
        ...external,
        ...(tests ? [...externalForTests, ...testLibraries] : []),
      ].flatMap(withDoors),
    };
  });
  // Tests run on Node, whatever their subject runs on.
  return tests || node ? rows : [...runtimes, ...rows];
}

/** A package and its further doors, such as `@bufbuild/protobuf/wire`. */
function withDoors(name) {
  return [name, `${name}/*`];
}
