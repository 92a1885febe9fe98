/** Puts the services of a member behind a gRPC server: the whole table of what a client can call. */
import type { WatchHub } from "@quorate/machine";
import type { Method } from "@quorate/rpc";
import { AccessGate } from "./auth/access-gate.js";
import { AuthService } from "./auth/auth-service.js";
import { Identities } from "./auth/identities.js";
import { Permissions } from "./auth/permissions.js";
import { HubWatches } from "./watch/hub-watches.js";
import { WatchService } from "./watch/watch-service.js";
import { ElectionService } from "./election/election-service.js";
import { LockService } from "./lock/lock-service.js";
import { ClusterService } from "./cluster-service.js";
import { Guard, type GuardedMethod } from "./guard.js";
import { ResponseHeaders } from "./header.js";
import { HealthService } from "./health-service.js";
import { KvService } from "./kv-service.js";
import { LeaderWatch } from "./lease/leader-watch.js";
import { LeaseService } from "./lease/lease-service.js";
import { MaintenanceService } from "./maintenance-service.js";
import type { MemberPort } from "./member-port.js";
import type { ClusterPort } from "./ports/cluster-port.js";
import { NO_CREDENTIALS, type CredentialsPort } from "./ports/credentials-port.js";
import type { LeasePort } from "./ports/lease-port.js";
import type { SnapshotPort } from "./ports/snapshot-port.js";
import type { Digest } from "./snapshot-call.js";
import { Proposals } from "./proposals.js";
import { ReadGate } from "./read-gate.js";
import { Replies } from "./replies.js";
import { SpaceGuard } from "./space-guard.js";
import type { WatchMeters } from "../metrics/watch-meters.js";
import type { ReportPort, SchedulerPort } from "../member/ports.js";

/** What a gRPC server offers for registration. */
export interface ServiceRegistry {
  addService(serviceName: string, methods: Readonly<Record<string, Method>>): void;
}

export interface ServiceOptions {
  readonly watches: WatchHub;
  readonly watchMeters?: WatchMeters;
  /** Monotonic milliseconds, for durations in metrics. */
  readonly nowMs?: () => number;
  /** --watch-progress-notify-interval. */
  readonly watchProgressMs: number;
  /** Uniform integer in [0, bound). */
  readonly random: (bound: number) => number;
  readonly cluster: ClusterPort;
  readonly leases: LeasePort;
  /** Without it nobody can log in. */
  readonly credentials?: CredentialsPort;
  /** What operators read of logins. */
  readonly report?: Pick<ReportPort, "info" | "warn">;
  readonly snapshots: SnapshotPort;
  /** A new SHA-256. */
  readonly createDigest: () => Digest;
  readonly scheduler: SchedulerPort;
  readonly electionTimeoutMs: number;
  /** --max-txn-ops. */
  readonly txnOpsMax: number;
  /** --max-request-bytes. */
  readonly requestBytesMax: number;
  /**
   * Takes faults that are not the client's (a record that cannot be read): the member should stop. Without it they end up as
   * unhandled rejections, which stops the process.
   */
  readonly onError?: (error: unknown) => void;
}

/** What the composition root keeps of the services. */
export interface RegisteredServices {
  readonly health: HealthService;
  /** Raises the alarm for writes over quota that nobody waits for. */
  readonly space: SpaceGuard;
  /** Ends timers. */
  stop(): void;
}

export function registerServices(
  registry: ServiceRegistry,
  member: MemberPort,
  options: ServiceOptions,
): RegisteredServices {
  const { txnOpsMax, requestBytesMax } = options;
  const onError = options.onError ?? rethrow;
  const headers = new ResponseHeaders(member);
  const replies = new Replies({ headers, gate: new ReadGate(member), onError });
  const space = new SpaceGuard(member);
  const { auth } = member;
  const credentials = options.credentials ?? NO_CREDENTIALS;
  const identities = new Identities(auth, credentials);
  const permissions = new Permissions({ auth, identities, leases: options.leases });
  const gate = new AccessGate({ auth, identities, onError });
  const proposals = new Proposals({ member, replies, space, identities, requestBytesMax });
  const health = new HealthService();
  const { leases, scheduler, electionTimeoutMs } = options;
  const leaders = new LeaderWatch({ member, scheduler, electionTimeoutMs });
  const watchService = new WatchService({
    member,
    hub: options.watches,
    leaders,
    scheduler,
    requestBytesMax,
    progressIntervalMs: options.watchProgressMs,
    random: options.random,
    ...(options.watchMeters === undefined ? {} : { meters: options.watchMeters }),
    ...(options.nowMs === undefined ? {} : { nowMs: options.nowMs }),
    authorize: permissions.watchRefusal,
  });
  const localWatches = new HubWatches(options.watches);
  const kv = new KvService({
    member,
    headers,
    replies,
    proposals,
    space,
    permissions,
    txnOpsMax,
    requestBytesMax,
    onError,
  }).methods();
  const lease = new LeaseService({
    member,
    headers,
    proposals,
    space,
    leases,
    permissions,
    leaders,
    onError,
  }).methods();
  const recipes = {
    kv: gate.enclose("etcdserverpb.KV", kv),
    lease: gate.enclose("etcdserverpb.Lease", lease),
    watches: localWatches,
    onError,
  };
  const services: Readonly<Record<string, Readonly<Record<string, GuardedMethod>>>> = {
    "etcdserverpb.KV": kv,
    "etcdserverpb.Watch": watchService.methods(),
    "etcdserverpb.Lease": lease,
    "v3lockpb.Lock": new LockService(recipes).methods(),
    "v3electionpb.Election": new ElectionService({ ...recipes, headers }).methods(),
    "etcdserverpb.Maintenance": new MaintenanceService({
      member,
      headers,
      proposals,
      cluster: options.cluster,
      snapshots: options.snapshots,
      createDigest: options.createDigest,
      onError,
    }).methods(),
    "etcdserverpb.Cluster": new ClusterService({
      member,
      headers,
      cluster: options.cluster,
      onError,
    }).methods(),
    "etcdserverpb.Auth": new AuthService({
      member,
      auth,
      identities,
      credentials,
      proposals,
      report: options.report ?? SILENT,
      onError,
    }).methods(),
    "grpc.health.v1.Health": health.methods(),
  };
  const guard = new Guard(member, leaders);
  for (const [name, methods] of Object.entries(services)) {
    const guarded = Object.entries(gate.enclose(name, methods)).map(
      ([method, each]) => [method, guard.protect(each)] as const,
    );
    registry.addService(name, Object.fromEntries(guarded));
  }
  return {
    health,
    space,
    stop: () => {
      health.stop();
      watchService.stop();
      localWatches.close();
      leaders.stop();
    },
  };
}

const SILENT: Pick<ReportPort, "info" | "warn"> = { info: () => undefined, warn: () => undefined };

function rethrow(error: unknown): never {
  throw error;
}
