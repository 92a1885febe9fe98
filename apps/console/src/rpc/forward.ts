/** Hands etcd's own calls on, as they are, to the cluster and the member that the headers name. */
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { etcdserverpb } from "@quorate/proto";
import type { DescMessage, DescMethod, DescMethodUnary, MessageShape } from "@quorate/proto";
import type { Clusters } from "../clusters/clusters.js";
import { clusterOf, findMemberEndpoint, memberHeader } from "./call-target.js";
import { FORWARDED_SERVICES, effectOf, isChange } from "./method-effects.js";

/** Time a call has when the browser sets none. */
const CALL_MS_MAX = 30_000;
/** Calls that go through the whole store. */
const LONG_CALL_MS_MAX = 15 * 60_000;
const { KV, Maintenance, Auth } = etcdserverpb;
const LONG: ReadonlySet<DescMethod> = new Set<DescMethod>([
  KV.method.compact,
  KV.method.deleteRange,
  Maintenance.method.defragment,
  Maintenance.method.hash,
  Maintenance.method.hashKV,
]);
const AUTH_SWITCHES: ReadonlySet<DescMethod> = new Set<DescMethod>([
  Auth.method.authEnable,
  Auth.method.authDisable,
]);

export function registerForwarding(router: ConnectRouter, clusters: Clusters): void {
  for (const service of FORWARDED_SERVICES) {
    for (const method of service.methods) {
      if (method.methodKind !== "unary" || effectOf(method) === "withheld") continue;
      const unary = method as DescMethodUnary;
      router.rpc(unary, (request, context) => forward(clusters, unary, request, context));
    }
  }
}

async function forward<I extends DescMessage, O extends DescMessage>(
  clusters: Clusters,
  method: DescMethodUnary<I, O>,
  request: MessageShape<I>,
  { requestHeader, signal, timeoutMs }: HandlerContext,
): Promise<MessageShape<O>> {
  const cluster = clusterOf(clusters, requestHeader);
  const endpoint = await findMemberEndpoint(cluster, memberHeader(requestHeader), signal);
  const answer = await cluster.calls.unary(method, request, {
    safety: isChange(method, request) ? "write" : "read",
    signal,
    timeoutMs: timeoutMs() ?? (LONG.has(method) ? LONG_CALL_MS_MAX : CALL_MS_MAX),
    // Who asks for one member wants to hear that one, also while it has no leader.
    ...(endpoint === undefined ? {} : { endpoint, requireLeader: false }),
  });
  if (AUTH_SWITCHES.has(method)) cluster.auth.expire();
  return answer;
}
