import { expect, test } from "vitest";
import { parseUrls } from "../config/urls.js";
import type { Logger } from "../log/logger.js";
import { findSrvMembers, type NameService } from "./srv-members.js";

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
  named: () => silent,
  close: () => undefined,
};

/** Records as `host:port` by service; hosts `m1.example.com` and so on are 10.0.0.1 and so on. */
function names(records: Readonly<Record<string, readonly string[]>>): NameService {
  return {
    resolveSrv: (name) => {
      const found = records[name];
      if (found === undefined) return Promise.reject(new Error(`querySrv ENOTFOUND ${name}`));
      return Promise.resolve(
        found.map((text) => ({ name: text.replace(/:\d+$/, ""), port: Number(/\d+$/.exec(text)?.[0]) })),
      );
    },
    resolveHost: (host) => {
      const number = /^m(\d)\.example\.com$/.exec(host)?.[1];
      return number === undefined
        ? Promise.reject(new Error(`ENOTFOUND ${host}`))
        : Promise.resolve(`10.0.0.${number}`);
    },
  };
}
const find = (own: string, service: NameService, serviceSuffix = "") =>
  findSrvMembers(
    { name: "me", advertisePeerUrls: parseUrls(own), discoverySrv: { domain: "example.com", serviceSuffix } },
    silent,
    service,
  );
const THREE = ["m1.example.com.:2380", "m2.example.com.:2380", "m3.example.com.:2380"];

test("the record of this member's address has its name, the others are numbered", async () => {
  const service = names({ "_etcd-server._tcp.example.com": THREE });
  expect(await find("http://10.0.0.2:2380", service)).toEqual(
    new Map([
      ["0", ["http://m1.example.com:2380"]],
      ["me", ["http://m2.example.com:2380"]],
      ["1", ["http://m3.example.com:2380"]],
    ]),
  );
});

test("records of both kinds count, with a suffix where there is one", async () => {
  const service = names({ "_etcd-server-ssl-blue._tcp.example.com": THREE.slice(0, 2) });
  const found = await find("https://m1.example.com:2380", service, "blue");
  expect([...found]).toEqual([
    ["me", ["https://m1.example.com:2380"]],
    ["0", ["https://m2.example.com:2380"]],
  ]);
});

test("a member that DNS does not know, or knows by another scheme, is told so", async () => {
  const service = names({ "_etcd-server._tcp.example.com": THREE });
  await expect(find("http://10.0.0.9:2380", service)).rejects.toThrow(
    'cannot find local etcd member "me" in SRV records',
  );
  await expect(find("https://10.0.0.1:2380", service)).rejects.toThrow(
    'cannot find local etcd member "me" in SRV records',
  );
  const alone = names({ "_etcd-server._tcp.example.com": THREE.slice(0, 1) });
  await expect(find("https://10.0.0.1:2380", alone)).rejects.toThrow("scheme mismatch with expected peer");
  await expect(find("http://10.0.0.1:2380", names({}))).rejects.toThrow("error querying DNS SRV records");
});
