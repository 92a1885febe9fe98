import { expect, test } from "vitest";
import { defaultGroups, furtherGroups, groups, help, parseOptions } from "./options.js";

test("without options everything that one member can show is measured in three rounds", () => {
  const options = parseOptions([], {});
  expect(options).toMatchObject({
    rounds: 3,
    seconds: 4,
    restartKeys: 1_000_000,
    scale: 1,
    etcd: "etcd",
    jsonPath: undefined,
  });
  expect(options.servers).toEqual(["etcd", "quorate"]);
  expect([...options.groups]).toEqual(defaultGroups);
});

test("clusters and scenarios are measured when asked for", () => {
  const options = parseOptions(["--only", "cluster,watch-many", "--scale", "0.5"], {});
  expect([...options.groups]).toEqual(["cluster", "watch-many"]);
  expect(options.scale).toBe(0.5);
  expect(furtherGroups).toContain("catchup");
});

test("--quick shortens, and what is said explicitly wins", () => {
  expect(parseOptions(["--quick"], {})).toMatchObject({
    rounds: 2,
    seconds: 1,
    restartKeys: 100_000,
    scale: 0.1,
  });
  expect(parseOptions(["--quick", "--rounds", "5", "--seconds=0.5"], {})).toMatchObject({
    rounds: 5,
    seconds: 0.5,
  });
});

test("etcd's binary comes from the option, else from ETCD_BIN", () => {
  expect(parseOptions([], { ETCD_BIN: "one/etcd" }).etcd).toBe("one/etcd");
  expect(parseOptions(["--etcd", "two/etcd"], { ETCD_BIN: "one/etcd" }).etcd).toBe("two/etcd");
});

test.for([
  ["--only", "put,pat"],
  ["--rounds", "0"],
  ["--seconds", "soon"],
  ["--servers", "etcd"],
  ["--servers", "etcd,consul"],
  ["--loud", ""],
])("%s %s is refused", (args) => {
  expect(() => parseOptions(args.filter(Boolean), {})).toThrow();
});

test("the help names every group", () => {
  for (const group of groups) expect(help).toContain(group);
});
