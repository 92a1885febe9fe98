import { createClient } from "@connectrpc/connect";
import type { CallOptions, Client, Interceptor, Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { CONSOLE_HEADERS, consolepb, etcdserverpb, formatHexId } from "@quorate/proto";

/** Typed clients of one cluster, all over the console's own origin. */
export interface Clients {
  readonly console: Client<typeof consolepb.ConsoleService>;
  readonly kv: Client<typeof etcdserverpb.KV>;
  readonly lease: Client<typeof etcdserverpb.Lease>;
  readonly cluster: Client<typeof etcdserverpb.Cluster>;
  readonly maintenance: Client<typeof etcdserverpb.Maintenance>;
  readonly auth: Client<typeof etcdserverpb.Auth>;
}

/** Makes a transport whose calls pass `interceptors`; tests hand in one that needs no network. */
export type TransportFactory = (interceptors: Interceptor[]) => Transport;

/** How long a unary call may take before it is reported as unanswered. Streams have no deadline. */
const callTimeoutMs = 20_000;

export const browserTransport: TransportFactory = (interceptors) =>
  createConnectTransport({
    baseUrl: window.location.origin,
    useBinaryFormat: true,
    defaultTimeoutMs: callTimeoutMs,
    interceptors,
  });

/** @param clusterId `ClusterRef.id`, empty for the first cluster there is. */
export function createClients(factory: TransportFactory, clusterId: string): Clients {
  const transport = factory([addHeaders(clusterId)]);
  return {
    console: createClient(consolepb.ConsoleService, transport),
    kv: createClient(etcdserverpb.KV, transport),
    lease: createClient(etcdserverpb.Lease, transport),
    cluster: createClient(etcdserverpb.Cluster, transport),
    maintenance: createClient(etcdserverpb.Maintenance, transport),
    auth: createClient(etcdserverpb.Auth, transport),
  };
}

/** Call options that send a call to one member. @param id as in the member list. */
export function atMember(id: bigint): CallOptions {
  return { headers: { [CONSOLE_HEADERS.member]: formatHexId(id) } };
}

/** Call options of a stream: it lives until `signal` ends it. */
export function stream(signal: AbortSignal): CallOptions {
  return { signal, timeoutMs: 0 };
}

function addHeaders(clusterId: string): Interceptor {
  return (next) => (request) => {
    request.header.set(CONSOLE_HEADERS.csrf, "1");
    if (clusterId !== "") request.header.set(CONSOLE_HEADERS.cluster, clusterId);
    return next(request);
  };
}
