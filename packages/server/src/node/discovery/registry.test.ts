import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLogger } from "../../embed/silent-logger.js";
import { startMember, type EmbeddedMember } from "../../embed.js";
import { readDiscoveryFlags } from "../config/discovery-flags.js";
import { FLAG_TABLE } from "../config/flag-table.js";
import { parseGoBool, parseGoDurationMs } from "../config/go-values.js";
import { RegistryClient } from "./registry-client.js";
import { joinRegistry, type RegistryStore } from "./registry.js";

let folder: string;
let holder: EmbeddedMember;
let store: RegistryClient;

/** As the flags of a member would be read. */
function settings(given: Readonly<Record<string, string>>) {
  const text = (name: string): string =>
    given[name] ?? FLAG_TABLE.find((flag) => flag.name === name)?.fallback ?? "";
  return readDiscoveryFlags(
    {
      text,
      list: (name) => text(name).split(","),
      boolean: (name) => parseGoBool(text(name)) ?? false,
      durationMs: (name) => parseGoDurationMs(text(name)) ?? 0,
    },
    (problem) => {
      throw new Error(problem);
    },
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "registry-"));
  holder = await startMember({ dataDir: folder });
  const endpoint = holder.clientUrls[0]?.replace("http://", "") ?? "";
  const found = settings({ "discovery-token": "t", "discovery-endpoints": `127.0.0.1:1,${endpoint}` });
  if (found === undefined) throw new Error("the flags name no registry");
  store = await RegistryClient.open(found);
});
afterAll(async () => {
  store.close();
  await holder.stop();
  await rm(folder, { recursive: true, force: true });
});

function join3(token: string, number: number, at: RegistryStore = store): Promise<Map<string, string[]>> {
  return joinRegistry({
    token,
    memberIdText: String(number),
    ownText: `m${number}=http://10.0.0.${number}:2380`,
    store: at,
    logger: silentLogger,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 10))),
  });
}

test("as many members as the registry wants find one another; one more is refused, one that comes back is not", async () => {
  await store.put("/_etcd/registry/three/_config/size", "3");
  const found = await Promise.all([1, 2, 3].map((number) => join3("three", number)));
  const expected = [1, 2, 3].map((number) => [`m${number}`, [`http://10.0.0.${number}:2380`]]);
  for (const members of found) expect([...members].sort()).toEqual(expected);
  await expect(join3("three", 4)).rejects.toThrow("discovery: cluster is full");
  expect((await join3("three", 2)).size).toBe(3);
});

test("a registry without a size, or with a bad one, is refused at once", async () => {
  await expect(join3("none", 1)).rejects.toThrow("discovery: size key not found");
  for (const size of ["-1", "0", "x", "1.5", ""]) {
    await store.put("/_etcd/registry/bad/_config/size", size);
    await expect(join3("bad", 1)).rejects.toThrow("discovery: size key is bad");
  }
});

test("members that wrote nonsense are passed over", async () => {
  await store.put("/_etcd/registry/noise/_config/size", "2");
  await store.put("/_etcd/registry/noise/members/9", "no url");
  const [first] = await Promise.all([join3("noise", 1), join3("noise", 2)]);
  expect([...first.keys()].sort()).toEqual(["m1", "m2"]);
});

test("a registry that fails is asked again, with pauses that grow, and is not asked for ever", async () => {
  const pauses: number[] = [];
  let failures = 3;
  const flaky: RegistryStore = {
    get: (key) => (failures-- > 0 ? Promise.reject(new Error("unavailable")) : store.get(key)),
    list: (prefix) => store.list(prefix),
    put: (key, value) => store.put(key, value),
  };
  await store.put("/_etcd/registry/one/_config/size", "1");
  const options = {
    token: "one",
    memberIdText: "1",
    ownText: "m1=http://10.0.0.1:2380",
    logger: silentLogger,
  };
  const pause = (ms: number): Promise<void> => {
    pauses.push(ms);
    return Promise.resolve();
  };
  expect((await joinRegistry({ ...options, store: flaky, pause })).size).toBe(1);
  expect(pauses).toEqual([2000, 4000, 8000]);
  failures = Infinity;
  await expect(joinRegistry({ ...options, store: flaky, pause })).rejects.toThrow(
    "discovery: too many retries",
  );
  expect(Math.max(...pauses)).toBe(256_000);
});

test("flags that do not make a registry are told so", () => {
  expect(settings({})).toBeUndefined();
  expect(() => settings({ "discovery-token": "t" })).toThrow(
    "both --discovery-token and --discovery-endpoints must be set",
  );
  const both = { "discovery-token": "t", "discovery-endpoints": "a:1,,b:2" };
  expect(() => settings(both)).toThrow("--discovery-endpoints must not contain empty endpoints");
  expect(() => settings({ ...both, "discovery-endpoints": "nonsense" })).toThrow("is no host:port");
  const user = { ...both, "discovery-endpoints": "https://[::1]:2379", "discovery-user": "root:pw" };
  expect(settings(user)).toMatchObject({
    endpoints: [{ host: "::1", port: 2379, isSecure: true }],
    user: "root",
    password: "pw",
    dialTimeoutMs: 2000,
  });
});
