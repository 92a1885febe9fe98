/** ConsoleService: what takes several calls to a cluster, or the console's own memory. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { consolepb, create } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import type { Cluster, Clusters } from "../clusters/clusters.js";
import { listChildren } from "../keys/list-children.js";
import { listHistory } from "../keys/list-history.js";
import { listKeys } from "../keys/list-keys.js";
import { searchKeys } from "../keys/search-keys.js";
import { watchKeys } from "../keys/watch-keys.js";
import { listContests } from "../leases/list-contests.js";
import { listLeases } from "../leases/list-leases.js";
import { clusterOf } from "./call-target.js";
import { callerKey } from "./caller.js";
import { toConnectError } from "./cluster-error.js";
import type { LoginService } from "./login-service.js";
import { StreamSlots } from "./stream-slots.js";

export interface ConsoleServiceOptions {
  readonly clusters: Clusters;
  readonly login: LoginService;
  /** Aborts streams when the console stops. */
  readonly stopping: AbortSignal;
}

type StreamHandler<I, O> = (request: I, context: HandlerContext) => AsyncGenerator<O, void, void>;
interface Target {
  readonly cluster: Cluster;
  readonly signal: AbortSignal;
}

export function registerConsoleService(router: ConnectRouter, options: ConsoleServiceOptions): void {
  const { clusters, login } = options;
  const slots = new StreamSlots();

  const target = ({ requestHeader, signal }: HandlerContext): Target => ({
    cluster: clusterOf(clusters, requestHeader),
    signal,
  });
  const read = <I, O>(handler: (context: ReadContext, request: I) => Promise<O>) => {
    return (request: I, context: HandlerContext): Promise<O> => {
      const { cluster, signal } = target(context);
      return handler({ calls: cluster.calls, signal }, request);
    };
  };
  /** A stream ends with the browser, with its session and with the console. */
  const stream = <I, O>(open: (target: Target, request: I) => AsyncIterable<O>): StreamHandler<I, O> =>
    async function* (request, context) {
      const { session } = context.values.get(callerKey);
      const slot = session?.id ?? "";
      const ends = [context.signal, options.stopping, ...(session === undefined ? [] : [session.ended])];
      slots.acquire(slot);
      try {
        yield* open({ ...target(context), signal: AbortSignal.any(ends) }, request);
      } catch (error) {
        if (options.stopping.aborted) throw new ConnectError("the console stops", Code.Unavailable);
        if (session?.ended.aborted) throw new ConnectError("log in first", Code.Unauthenticated);
        throw toConnectError(error);
      } finally {
        slots.release(slot);
      }
    };
  const readStream = <I, O>(
    open: (context: ReadContext, request: I) => AsyncIterable<O>,
  ): StreamHandler<I, O> =>
    stream(({ cluster, signal }, request: I) => open({ calls: cluster.calls, signal }, request));

  router.service(consolepb.ConsoleService, {
    getSession: (_, context) => login.getSession(context),
    login: (request, context) => login.login(request, context),
    logout: (_, context) => login.logout(context),
    getOverview: (_, context) => target(context).cluster.overview.read(),
    watchOverview: stream(({ cluster, signal }, _: consolepb.GetOverviewRequest) =>
      cluster.overview.watch(signal),
    ),
    listChildren: read(listChildren),
    listKeys: read(listKeys),
    searchKeys: readStream(searchKeys),
    listHistory: readStream(listHistory),
    watchKeys: readStream(watchKeys),
    listLeases: read(listLeases),
    listContests: read(listContests),
    getMetrics: (request, context) => getMetrics(target(context).cluster, request),
  });
}

function getMetrics(
  { metrics }: Cluster,
  { names, sinceMs }: consolepb.GetMetricsRequest,
): consolepb.GetMetricsResponse {
  const { times, series } = metrics.store.read(names, Number(sinceMs));
  return create(consolepb.GetMetricsResponseSchema, {
    timesMs: times.map(BigInt),
    series: series.map(({ values, ...rest }) => ({ ...rest, values: [...values] })),
    errors: Object.fromEntries(metrics.errors),
  });
}
