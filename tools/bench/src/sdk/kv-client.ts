/** The clients that are compared, as far as the comparison needs them. */
import { createClient } from "@quorate/client";
import { Etcd3 } from "etcd3";

/** Each as its users get it: no option but the endpoint, and for the SDK the transport. */
export const clientNames = ["etcd3", "grpc-js", "sockets"] as const;
export type ClientName = (typeof clientNames)[number];

/** Text keys and values, as examples of either client have them. */
export interface KvClient {
  put(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  close(): void;
}

export function openKvClient(name: ClientName, port: number): KvClient {
  const endpoint = `127.0.0.1:${port}`;
  if (name !== "etcd3") return createClient({ endpoints: endpoint, transport: name });
  const client = new Etcd3({ hosts: `http://${endpoint}` });
  return {
    put: (key, value) => client.put(key).value(value).exec(),
    get: (key) => client.get(key).string(),
    close: () => client.close(),
  };
}
