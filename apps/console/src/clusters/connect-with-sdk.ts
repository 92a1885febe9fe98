import { createClient } from "@quorate/client";
import type { ClusterOptions } from "./cluster-options.js";
import type { Connection } from "./clusters.js";

/** Calls to a cluster through the SDK. Connects when the first call is made. */
export function connectWithSdk({ endpoints, tls, credentials }: ClusterOptions): Connection {
  const client = createClient({
    endpoints,
    tls,
    ...(credentials === undefined
      ? {}
      : { user: { name: credentials.user, password: credentials.password } }),
  });
  return { calls: client.calls, close: () => client.close() };
}
