/** The console over the fake, for looking at it. `?keys=`, `?trouble=` and `?login=` of `#fake` choose the situation. */
import { Code, ConnectError } from "@connectrpc/connect";
import { create, etcdserverpb } from "@quorate/proto";
import { startConsole } from "../app/start.js";
import { encodeUtf8 } from "../text/escape.js";
import { createFakeConsole } from "./fake-console.js";
import { fillWithSamples } from "./fake-samples.js";

const situation = new URLSearchParams(location.hash.slice(1));
const fake = createFakeConsole();
if (situation.get("keys") !== "none") fillWithSamples(fake.store, Number(situation.get("keys") ?? 1000));
fake.session.readOnly = situation.has("readonly");
fake.session.loginRequired = situation.has("login");
if (situation.has("down")) delete fake.overview.members[2]!.status;
if (situation.has("lost")) fake.trouble = new ConnectError("Failed to fetch", Code.Unavailable);
fake.leases.push(
  ...Array.from({ length: 3 }, (_, at) =>
    create(etcdserverpb.LeaseTimeToLiveResponseSchema, {
      ID: 0x7587n + BigInt(at),
      TTL: 40n - BigInt(at) * 13n,
      grantedTTL: 60n,
      keys: [encodeUtf8(`/services/web/10.0.0.${10 + at}:8080`)],
    }),
  ),
);
const everyMs = Number(situation.get("busy") ?? 0);
if (everyMs > 0) {
  let at = 0;
  setInterval(() => {
    at += 1;
    fake.store.put(encodeUtf8(`/services/web/10.0.0.${10 + (at % 20)}:8080`), encodeUtf8(`{"beat":${at}}`));
  }, everyMs);
}
const root = document.getElementById("root");
if (root !== null) startConsole(root, fake.transport);
