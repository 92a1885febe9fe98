/** What screens know about the server: clients, hooks and errors in words. No route and no component in here. */
export { atMember, browserTransport, createClients, stream } from "./clients.js";
export type { Clients, TransportFactory } from "./clients.js";
export {
  ClusterProvider,
  ConsoleProvider,
  createQueryClient,
  useAction,
  useClients,
  useClusterId,
  useClusterQuery,
  useIsCurrent,
  useMayWrite,
  useOverview,
  useSession,
} from "./console-context.js";
export type { Action, ClusterQueryOptions, MayWrite } from "./console-context.js";
export { describeError, failureKind, isPassing } from "./errors.js";
export type { Failure, FailureKind } from "./errors.js";
export { startFeed } from "./live-feed.js";
export type { FeedOptions, FeedState } from "./live-feed.js";
export type { OverviewSnapshot } from "./overview-feed.js";
