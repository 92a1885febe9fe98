/** What `deploy/` hands to operators is taken by this parser as it stands there. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { resolveConfig, type MemberConfig } from "./config.js";
import { parseFlags } from "./parse-flags.js";

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../../../deploy/${path}`, import.meta.url)), "utf8");

function configOf(args: readonly string[], env: Record<string, string>): MemberConfig {
  const parsed = parseFlags(args, env);
  if (parsed.kind !== "run") throw new Error(JSON.stringify(parsed));
  expect(parsed.warnings).toEqual([]);
  return resolveConfig(parsed.given);
}

interface Compose {
  readonly services: Readonly<
    Record<string, { readonly environment: Record<string, string>; readonly command: string[] }>
  >;
}

test("the compose file's three members agree on their cluster", () => {
  const { services } = parse(read("docker/compose.yaml"), { merge: true }) as Compose;
  const members = ["m1", "m2", "m3"].map((name) => {
    const { environment, command } = services[name] ?? { environment: {}, command: [] };
    const config = configOf(command, environment);
    expect(config.name).toBe(name);
    expect(config.initialCluster.get(name)).toEqual(config.advertisePeerUrls.map(({ text }) => text));
    return config;
  });
  expect(new Set(members.map(({ initialClusterToken }) => initialClusterToken)).size).toBe(1);
  expect(members.every(({ initialCluster }) => initialCluster.size === 3)).toBe(true);
});

test("the image's default command serves beyond the container", () => {
  const command = /^CMD (\[.*\])$/m.exec(read("docker/Dockerfile"))?.[1] ?? "";
  const { listenClientUrls } = configOf(JSON.parse(command) as string[], { ETCD_DATA_DIR: "/data" });
  expect(listenClientUrls.map(({ text }) => text)).toEqual(["http://0.0.0.0:2379"]);
});

interface StatefulSet {
  readonly kind: string;
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
    };
  };
}

test("the pods of the StatefulSet are the members that each of them expects", () => {
  const documents = parseAllDocuments(read("kubernetes/quorate.yaml"));
  expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
  const set = documents
    .map((document) => document.toJS() as StatefulSet)
    .find(({ kind }) => kind === "StatefulSet") as StatefulSet;
  for (let pod = 0; pod < set.spec.replicas; pod++) {
    const args = set.spec.template.spec.containers[0]?.args ?? [];
    const config = configOf(
      args.map((arg) => arg.replaceAll("$(POD_NAME)", `quorate-${pod}`)),
      {},
    );
    expect(config.initialCluster.get(`quorate-${pod}`)).toEqual(
      config.advertisePeerUrls.map(({ text }) => text),
    );
    expect(config.initialCluster.size).toBe(set.spec.replicas);
    expect(config.initialCorruptCheck && config.compactHashCheckMs > 0).toBe(true);
    expect(config.clientTls.clientCertAuth && config.peerTls.clientCertAuth).toBe(true);
  }
});

test("the settings of the unit are settings of the server, switched on one and all", () => {
  const env: Record<string, string> = {};
  for (const [, name = "", value = ""] of read("systemd/quorate.default").matchAll(/^#(ETCD_\w+)=(.*)$/gm))
    env[name] = value;
  expect(Object.keys(env).length).toBeGreaterThan(15);
  const config = configOf([], env);
  expect(config).toMatchObject({ name: "m1", quotaBytes: 8 * 1024 ** 3 });
  expect(config.initialCluster.get("m1")).toEqual(["https://10.0.0.1:2380"]);
});
