/** What a person might find in a store: configuration, Kubernetes, locks, binary keys, and a folder with a great many keys. */
import { encodeUtf8 } from "../text/escape.js";
import { concatBytes } from "../text/bytes.js";
import type { FakeStore } from "./fake-store.js";

const json = (value: unknown): Uint8Array => encodeUtf8(JSON.stringify(value));

/** A protobuf field of bytes. */
function field(number: number, content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === "string" ? encodeUtf8(content) : content;
  return concatBytes(Uint8Array.of((number << 3) | 2), varint(bytes.length), bytes);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Uint8Array.from([...out, rest]);
    out.push((rest & 0x7f) | 0x80);
  }
}

/** An object as kube-apiserver stores it: the magic, an envelope with type and raw bytes. */
export function kubernetesSample(): Uint8Array {
  const entry = (key: string, value: string): Uint8Array => concatBytes(field(1, key), field(2, value));
  const metadata = concatBytes(
    field(1, "app-config"),
    field(3, "default"),
    field(5, "5f0c2d1e-8a57-4b7c-9d5c-0c2f6f6a1b11"),
    field(8, concatBytes(Uint8Array.of(8), varint(1_790_000_000))),
    field(11, entry("app", "shop")),
  );
  const raw = concatBytes(
    field(1, metadata),
    field(2, entry("log.level", "info")),
    field(2, entry("workers", "8")),
  );
  const type = concatBytes(field(1, "v1"), field(2, "ConfigMap"));
  return concatBytes(encodeUtf8("k8s\0"), field(1, type), field(2, raw), field(3, ""), field(4, ""));
}

export function fillWithSamples(store: FakeStore, bulkCount: number): void {
  const put = (key: string, value: string | Uint8Array, lease = 0n): void => {
    store.put(encodeUtf8(key), typeof value === "string" ? encodeUtf8(value) : value, lease);
  };
  for (const level of ["debug", "info", "warn"]) {
    put(
      "/app/config",
      json({ log: { level, format: "json" }, workers: 8, features: ["search", "export"], limit: null }),
    );
  }
  put(
    "/app/config.yaml",
    "log:\n  level: info\n  format: json\nworkers: 8\nregions:\n  - eu-west\n  - us-east\n",
  );
  put("/app/motd", "Planned maintenance on Sunday, 02:00 to 04:00 UTC.\n");
  put("/app/feature/dark-mode", "true");
  put("/app/feature/new-checkout", "false");
  put("/app/empty", "");
  for (let at = 0; at < 12; at += 1) {
    put(
      `/services/web/10.0.0.${10 + at}:8080`,
      json({ address: `10.0.0.${10 + at}`, port: 8080, zone: at % 3 }),
      0x7587n + BigInt(at),
    );
  }
  put("/registry/configmaps/default/app-config", kubernetesSample());
  put(
    "/registry/example.com/widgets/default/blue",
    json({
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { name: "blue", namespace: "default" },
      spec: { size: 3 },
    }),
  );
  put("/locks/deploy/694d7a1b2c3d4e5f", "", 0x694d7a1b2c3d4e5fn);
  store.put(
    Uint8Array.from([0x2f, 0x62, 0x69, 0x6e, 0x2f, 0xff, 0x00, 0x01]),
    Uint8Array.from({ length: 200 }, (_, at) => (at * 37) % 256),
  );
  if (bulkCount > 0) {
    store.bulk(Array.from({ length: bulkCount }, (_, at) => `/sessions/${String(at).padStart(7, "0")}`));
  }
  store.deleteAt("/app/empty");
}
