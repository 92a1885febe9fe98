import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { readImports } from "./import-graph.js";
import { absolute, readText, repositoryFiles } from "./repository.js";

interface Manifest {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  /** What a door for tests needs of whoever imports it. */
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}

const manifests: readonly Manifest[] = repositoryFiles()
  .filter((path) => /^(packages|apps|tools)\/[^/]+\/package\.json$/.test(path))
  .map((path) => {
    const json = JSON.parse(readText(path));
    return {
      ...json,
      folder: path.slice(0, -"/package.json".length),
      dependencies: json.dependencies ?? {},
      devDependencies: json.devDependencies ?? {},
      peerDependencies: json.peerDependencies ?? {},
      tags: json.nx?.tags ?? [],
    };
  });
const root = JSON.parse(readText("package.json"));
const testOnly = /\.test(-d)?\.tsx?$|\/testing\/|\/bench\/|^apps\/e2e\/|\.config\.ts$/;

test("all packages carry one version, one licence and one module system", () => {
  for (const { version, license, type } of manifests)
    expect({ version, license, type }).toEqual({
      version: root.version,
      license: "Apache-2.0",
      type: "module",
    });
});

test("names and tags follow from the folder", () => {
  for (const { folder, name, tags } of manifests) {
    const [kind, room] = folder.split("/");
    const scope = { packages: room, apps: `app-${room}`, tools: `tool-${room}` }[kind!];
    expect(name).toBe(`@quorate/${kind === "apps" ? scope : room}`);
    expect(tags[0]).toBe(`scope:${scope}`);
    expect(tags[1]).toMatch(/^runtime:(any|node|browser)$/);
    expect(tags).toHaveLength(2);
  }
});

test("every import of a package is declared by the package that imports it", () => {
  const undeclared = readImports().flatMap(({ path, all }) => {
    const manifest = manifests.find(({ folder }) => path.startsWith(`${folder}/`));
    if (manifest === undefined) return [];
    const forTests = testOnly.test(path) || manifest.folder.startsWith("tools/") || path.endsWith(".mjs");
    const declared = {
      ...manifest.dependencies,
      ...(forTests
        ? { ...manifest.peerDependencies, ...manifest.devDependencies, ...root.devDependencies }
        : {}),
    };
    return all
      .filter((to) => !to.startsWith(".") && !to.startsWith("node:"))
      .map((to) => (to.startsWith("@") ? to.split("/").slice(0, 2).join("/") : to.split("/")[0]!))
      .filter((to) => to !== manifest.name && !(to in declared))
      .map((to) => `${path}: ${to}`);
  });
  expect(undeclared).toEqual([]);
});

test("a dependency has the same exact version wherever it is declared", () => {
  const seen = new Map<string, string>();
  for (const { folder, dependencies, devDependencies } of [
    ...manifests,
    { folder: ".", dependencies: {}, ...root },
  ])
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies } as Record<
      string,
      string
    >)) {
      expect(version, `${name} in ${folder}`).toMatch(/^\d+\.\d+\.\d+$/);
      expect(version, `${name} in ${folder}`).toBe(seen.get(name) ?? version);
      seen.set(name, version);
    }
});

test("sister packages are declared at the version they have, and TypeScript builds them first", () => {
  for (const { folder, dependencies } of manifests) {
    const sisters = Object.keys(dependencies).filter((name) =>
      manifests.some((other) => other.name === name),
    );
    for (const name of sisters) expect(dependencies[name], `${name} in ${folder}`).toBe(root.version);
    if (!existsSync(absolute(`${folder}/tsconfig.lib.json`))) continue;
    const references = readText(`${folder}/tsconfig.lib.json`);
    const missing = sisters.filter((name) => {
      const sister = manifests.find((other) => other.name === name)!;
      return !references.includes(`/${sister.folder}/tsconfig.lib.json`);
    });
    expect(missing, `references of ${folder}`).toEqual([]);
  }
});

test("the build at the top covers every project", () => {
  const text = readText("tsconfig.json");
  const projects = manifests.filter(({ folder }) => existsSync(absolute(`${folder}/tsconfig.json`)));
  expect(
    projects.filter(({ folder }) => !text.includes(`"./${folder}"`)).map(({ folder }) => folder),
  ).toEqual([]);
});

test("the lock file names no host", () => {
  const hosts = readText("package-lock.json").match(/"resolved": "(https?|git)[^"]*"/g) ?? [];
  expect(hosts).toEqual([]);
});

test("the lock file has the optional packages of every platform, else npm ci refuses it (npm run lock)", () => {
  const { packages } = JSON.parse(readText("package-lock.json")) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([owner, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`${owner}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});
