import { expect, it } from "vitest";
import { createPasswordHash } from "../login/password.js";
import { startLines } from "./start-lines.js";

const password = await createPasswordHash("secret");

it("on loopback, without a login, the console says where it is and nothing else", () => {
  const listen = { host: "127.0.0.1", port: 2381 };
  expect(startLines({ listen }, "http://127.0.0.1:2381/")).toEqual({
    out: ["The console is at http://127.0.0.1:2381/"],
    warnings: [],
  });
});

it("on every address it says how others reach it, and as whom they log in", () => {
  const listen = { host: "0.0.0.0", port: 0 };
  const { out, warnings } = startLines(
    { listen, login: { user: "admin", password } },
    "http://127.0.0.1:40123/",
  );
  expect(out).toEqual([
    "The console is at http://127.0.0.1:40123/",
    "Other machines reach it at port 40123, by an address of this one or by a name in --allowed-hosts.",
    "Log in as admin; --login-user sets another name.",
  ]);
  expect(warnings).toEqual([expect.stringContaining("without TLS")]);
});

it("names the port also where the URL leaves it out", () => {
  const tls = { cert: Buffer.of(), key: Buffer.of() };
  const { out, warnings } = startLines({ listen: { host: "::", port: 443 }, tls }, "https://[::1]/");
  expect(out[1]).toContain("at port 443");
  expect(warnings).toEqual([]);
});
