/**
 * The composition root of a member on Node: opens what is on disk, starts the member, and serves clients once it has published
 * itself. Everything that has a lifetime is stopped here, in the opposite order.
 */
import { join, resolve } from "node:path";
import { TLSSocket } from "node:tls";
import type { TracerProvider } from "@opentelemetry/api";
import { createGrpcServer, type GrpcServer } from "@quorate/rpc";
import { registerServices } from "../api/register-services.js";
import { createCredentials, type Credentials } from "../auth/credentials.js";
import { readBootId, TokenFile } from "../auth/token-file.js";
import { parseTokenOptions, type TokenOptions } from "../auth/token-options.js";
import { createPeerTransport, type RafthttpTransport } from "../peers/transport.js";
import { createClusterSide, createSha256, type ClusterSide } from "./cluster-side.js";
import { discoverMembers } from "./discovery/discover-members.js";
import { findBirth } from "./join.js";
import { startPeerSide, type PeerSide } from "./peer-side.js";
import type { MemberConfig } from "./config/config.js";
import { checkListenUrls } from "./listen-check.js";
import { createHttpEndpoints, type HttpEndpointsOptions } from "./http-endpoints.js";
import type { Logger } from "./log/logger.js";
import { ClientRequests } from "../metrics/client-requests.js";
import { MethodTiming, SAMPLED_EVERY } from "../metrics/call-timings.js";
import { MemberMeters } from "../metrics/member-meters.js";
import { createMetrics } from "./metrics/create-metrics.js";
import { SlowRequests } from "./slow-requests.js";
import type { CallTraces } from "./tracing/call-traces.js";
import type { Tracing } from "./tracing/start-tracing.js";
import { DebugEndpoints } from "./http/debug/debug-endpoints.js";
import type { RaftStatus } from "./http/debug/debug-vars.js";
import { GrpcWeb } from "./http/grpc-web/grpc-web.js";
import { Gateway } from "./http/gateway/gateway.js";
import { listenClients } from "./http/client-listener.js";
import type { Listeners } from "./http/listen.js";
import { listenMetrics } from "./http/metrics-listener.js";
import { createPeerTls } from "./tls/peer-connector.js";
import { prepareCertificates } from "./tls/prepare-certificates.js";
import { openMember, type OpenMember } from "./open-member.js";
import { askWithTls, createNodeWorld, type World } from "./world.js";

export interface StartOptions {
  readonly config: MemberConfig;
  readonly logger: Logger;
  readonly versions: { readonly etcd: string; readonly quorate: string };
  /** The built thread of the database; without, the database runs in this thread, which is slower. */
  readonly engineThreadFile?: string;
  /** The built thread that hashes passwords; without, the pool of threads does, which others feel. */
  readonly passwordThreadFile?: string;
  /** Default: Node's. */
  readonly world?: World;
  /** Counted into; new ones by default. */
  readonly meters?: MemberMeters;
  /** Takes the spans of calls, when the configuration does not say where they go. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Set by the start when anybody wants traces. */
  readonly traces?: CallTraces | undefined;
  /** Hears of slow requests. */
  readonly slowRequests?: SlowRequests;
  /** The member met something it can't go on with; nothing is acknowledged afterwards. Called at most once. */
  readonly onFatal: (error: Error) => void;
  /** The member was removed from its cluster: the process is to stop in order and not to come back. Called at most once. */
  readonly onRemoved: () => void;
}

export interface RunningServer {
  /** The bound client ports. */
  readonly clientPorts: readonly number[];
  readonly metricsPorts: readonly number[];
  /** Stops gracefully; resolves when everything acknowledged is on disk and all files are closed. */
  stop(): Promise<void>;
}

/** What a message may be larger than the largest request: the room for envelopes. Source: etcd `grpcOverheadBytes`. */
const GRPC_OVERHEAD_BYTES = 512 * 1024;
const GRPC_DRAIN_MS = 5000;
/** JSON needs more room than the message in it: base64 takes 4 bytes for 3, names and numbers the rest. */
const GATEWAY_BYTES_FACTOR = 2;
/** Source: etcd `server/embed/serve.go`. */
const GATEWAY_COMMON_NAME_TEXT =
  "CommonName of client sending a request against gateway will be ignored and not used as expected";

/** @throws whatever kept the member from starting; nothing is left open then. */
export async function startServer(given: StartOptions): Promise<RunningServer> {
  const meters = given.meters ?? new MemberMeters();
  const { logger, versions } = given;
  const config = await prepareCertificates(given.config, logger);
  // Others may speak TLS although this member does not, so there is always a way to dial them.
  // Members that DNS named are known by its domain, unless an authority of their own vouches for each.
  const { domain } = config.discoverySrv;
  const peerTls = await createPeerTls(
    config.peerTls,
    (error) => logger.warn("failed to load the certificate for peers", { error }),
    domain !== "" && config.peerTls.trustedCaFile === "" ? domain : undefined,
  );
  const nodeWorld = given.world ?? createNodeWorld(given.engineThreadFile);
  const world = { ...nodeWorld, remotes: askWithTls(nodeWorld.remotes, () => peerTls.current) };
  const slowRequests = new SlowRequests({
    report: logger,
    warningApplyMs: config.warningApplyMs,
    warningUnaryRequestMs: config.warningUnaryRequestMs,
    nowMs: () => world.clock.monotonicMs(),
    onSlowRead: () => (meters.slowApplies += 1),
  });
  const tracing = await startTracing(given, config);
  const options = { ...given, config, meters, world, slowRequests, traces: tracing?.traces };
  const tokens = parseTokenOptions(config.authToken);
  logger.info("starting an etcd server", startFields(config, versions));
  await checkListenUrls([
    ...config.listenClientUrls,
    ...config.listenClientHttpUrls,
    ...config.listenPeerUrls,
    ...config.listenMetricsUrls,
  ]);
  let discovered = config;
  const open = await openMember(options, {
    birth: async () => {
      discovered = await discoverMembers(config, logger);
      return findBirth({
        config: discovered,
        serverVersion: versions.etcd,
        logger,
        tls: peerTls.current,
      });
    },
    createTransport: ({ memberId, clusterId, inbox }) =>
      createPeerTransport({
        identity: {
          memberId,
          clusterId,
          urls: config.advertisePeerUrls.map((url) => url.text),
          serverVersion: versions.etcd,
        },
        events: inbox,
        report: logger,
        get tls() {
          return peerTls.current;
        },
        meters,
        heartbeatMs: config.tickMs,
      }),
  });
  const fail = (error: unknown): void =>
    options.onFatal(error instanceof Error ? error : new Error(String(error)));
  try {
    const credentials = attachCredentials(open, options, tokens);
    if (config.discovery !== undefined && !open.isNew)
      logger.warn("discovery token is ignored since cluster already initialized; valid logs are found");
    const cluster = createClusterSide(open, discovered, fail, credentials);
    if (config.initialCorruptCheck && !open.isNew) await checkData(cluster, logger);
    const peers = await startPeerSide({
      urls: config.listenPeerUrls,
      tls: config.peerTls,
      meters,
      host: open.transport,
      local: cluster.local,
      logger,
      snapshotDirectory: open.snapPath,
    });
    try {
      return await serve(options, { open, cluster, peers, credentials, slowRequests, tracing });
    } catch (error) {
      await peers.stop();
      throw error;
    }
  } catch (error) {
    await open.close();
    throw error;
  }
}

async function checkData({ checkAtStart }: ClusterSide, logger: Logger): Promise<void> {
  try {
    await checkAtStart();
  } catch (error) {
    logger.error("checkInitialHashKV failed", { error });
    throw error;
  }
}

interface Parts {
  readonly open: OpenMember<RafthttpTransport>;
  readonly cluster: ClusterSide;
  readonly peers: PeerSide;
  readonly credentials: Credentials;
  readonly slowRequests: SlowRequests;
  readonly tracing: Tracing | undefined;
}

/** The code for traces is loaded by those alone who want them. */
async function startTracing(
  { logger, versions, tracerProvider }: Pick<StartOptions, "logger" | "versions" | "tracerProvider">,
  { tracing }: MemberConfig,
): Promise<Tracing | undefined> {
  if (tracing === undefined && tracerProvider === undefined) return undefined;
  const loaded = await import("./tracing/start-tracing.js");
  if (tracing !== undefined) return loaded.startTracing(tracing, logger, versions.quorate);
  return tracerProvider && loaded.traceInto(tracerProvider, versions.quorate);
}

/** From now on, logins that come through the log have tokens. Call it before the member starts. */
function attachCredentials(
  open: OpenMember,
  { config, logger, passwordThreadFile }: Pick<StartOptions, "config" | "logger" | "passwordThreadFile">,
  tokens: TokenOptions,
): Credentials {
  const { clock, scheduler, random } = open.world;
  const credentials = createCredentials({
    clock,
    scheduler,
    random,
    report: logger,
    appliedIndex: () => open.facade.appliedIndex,
    tokens,
    tokenTtlMs: config.authTokenTtlMs,
    journal: new TokenFile({
      file: join(resolve(config.dataDir), "member", "tokens"),
      bootId: readBootId(),
      report: logger,
      unixMs: () => clock.unixMs(),
    }),
    bcryptCost: config.bcryptCost,
    passwordThreadFile,
    trustsCertificates: config.clientTls.clientCertAuth,
  });
  open.machine.auth.attachTokens(credentials.tokens);
  return credentials;
}

async function serve(
  { config, logger, onFatal, traces }: StartOptions,
  { open, cluster, peers, credentials, slowRequests, tracing }: Parts,
): Promise<RunningServer> {
  const grpc = createGrpcServer({
    maxReceiveMessageBytes: config.requestBytesMax + GRPC_OVERHEAD_BYTES,
    maxConcurrentStreams: config.concurrentStreamsMax,
    keepaliveTimeMs: config.keepaliveIntervalMs,
    keepaliveTimeoutMs: config.keepaliveTimeoutMs,
    keepaliveMinPingIntervalMs: config.keepaliveMinTimeMs,
    slowCalls: { aboveMs: slowRequests.callsAboveMs, onSlow: slowRequests.called },
    onCallEnded: traces?.onCallEnded,
    createTiming: (_service, _method, kind) =>
      kind === "unary" || config.metrics === "extensive"
        ? new MethodTiming(config.metrics === "extensive" ? 1 : SAMPLED_EVERY)
        : undefined,
  });
  const clientRequests = new ClientRequests();
  const counting = clientRequests.counting(grpc);
  const services = registerServices(traces?.tracing(counting) ?? counting, open.facade, {
    txnOpsMax: config.txnOpsMax,
    requestBytesMax: config.requestBytesMax,
    watches: open.watches,
    watchProgressMs: config.watchProgressMs,
    random: open.ports.random,
    watchMeters: open.meters.watches,
    nowMs: () => open.ports.clock.monotonicMs(),
    cluster: cluster.operations,
    leases: open.leases,
    credentials,
    report: logger,
    snapshots: cluster.snapshots,
    createDigest: createSha256,
    scheduler: open.ports.scheduler,
    electionTimeoutMs: config.electionTicks * config.tickMs,
    onError: (error) => onFatal(error instanceof Error ? error : new Error(String(error))),
  });
  const metrics = createMetrics({ open, config, grpc, clientRequests });
  const endpoints: HttpEndpointsOptions = {
    member: open.facade,
    meters: open.meters,
    metrics,
    clusterVersion: () => open.machine.cluster.version,
    storageVersion: () => open.facade.storage.schemaVersion,
    report: logger,
    onError: (error) => logger.warn("failed to answer an http request", { error }),
  };
  const http = createHttpEndpoints({
    ...endpoints,
    origins: {
      cors: config.cors,
      hostWhitelist: config.hostWhitelist,
      onRejected: (host) => logger.warn("rejecting HTTP request to prevent DNS rebinding attacks", { host }),
    },
    debug: new DebugEndpoints({
      hasProfiles: config.enableProfiles || config.logLevel === "debug",
      raftStatus: () => raftStatusOf(open.facade),
    }),
    ...(config.enableGateway ? gatewayEndpoints(config, { open, grpc }) : {}),
    ...(config.grpcWebOrigins.length > 0
      ? {
          grpcWeb: new GrpcWeb({
            grpc,
            origins: config.grpcWebOrigins,
            concurrentCallsMax: config.concurrentStreamsMax,
            messageBytesMax: config.requestBytesMax + GRPC_OVERHEAD_BYTES,
          }),
        }
      : {}),
  });
  open.onLeadership(() => cluster.monitor.wake());
  open.onMembership(() => cluster.monitor.wake());
  cluster.monitor.start();
  cluster.corruption.start();
  open.start();
  await cluster.publish();
  const { meters } = open;
  const metricsListener = await listenMetrics({ config, endpoints, logger, meters });
  let clients: Listeners;
  try {
    clients = await listenClients({ config, grpc, http, logger, meters });
  } catch (error) {
    metricsListener.close();
    await closeGrpc(grpc);
    throw error;
  }
  logger.info("ready to serve client requests");
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    logger.info("closing etcd server", serverFields(config));
    // Streams that would wait for news of the health for ever end first.
    services.stop();
    credentials.stop();
    // Before the clients go: until another leads, their writes still have a way.
    await open.handOver();
    cluster.monitor.stop();
    cluster.corruption.stop();
    clients.close();
    await closeGrpc(grpc);
    http.closeAllConnections();
    http.close();
    metricsListener.close();
    await peers.stop();
    await open.close();
    await tracing?.stop();
    logger.info("closed etcd server", serverFields(config));
  };
  return {
    clientPorts: clients.ports,
    metricsPorts: metricsListener.ports,
    stop: () => (stopping ??= stop()),
  };
}

/** The JSON gateway, and who may not use it: a certificate that names a user would be taken for that user by whoever shows it. */
function gatewayEndpoints(
  { requestBytesMax, concurrentStreamsMax, clientTls }: MemberConfig,
  { open, grpc }: { readonly open: OpenMember; readonly grpc: GrpcServer },
): Pick<HttpEndpointsOptions, "gateway" | "refuseGateway"> {
  return {
    gateway: new Gateway({
      grpc,
      concurrentCallsMax: concurrentStreamsMax,
      bodyBytesMax: GATEWAY_BYTES_FACTOR * (requestBytesMax + GRPC_OVERHEAD_BYTES),
    }),
    refuseGateway: ({ socket }) => {
      if (!clientTls.clientCertAuth || !open.machine.auth.enabled || !(socket instanceof TLSSocket))
        return undefined;
      const name: unknown = socket.getPeerCertificate().subject?.CN;
      return name === undefined || name === "" ? undefined : GATEWAY_COMMON_NAME_TEXT;
    },
  };
}

function raftStatusOf(facade: OpenMember["facade"]): RaftStatus {
  const {
    memberId: id,
    raftTerm: term,
    leaderId: lead,
    committedIndex: commit,
    appliedIndex: applied,
  } = facade;
  return { id, term, lead, commit, applied, isLearner: facade.isLearner };
}

async function closeGrpc(grpc: GrpcServer): Promise<void> {
  await grpc.drain(GRPC_DRAIN_MS);
  grpc.close();
}

function startFields(config: MemberConfig, versions: StartOptions["versions"]): Record<string, unknown> {
  return {
    "etcd-version": versions.etcd,
    "git-sha": `quorate-${versions.quorate}`,
    "go-version": `node ${process.version}`,
    "go-os": process.platform,
    "go-arch": process.arch,
    ...serverFields(config),
    "initial-cluster": [...config.initialCluster]
      .map(([name, urls]) => urls.map((url) => `${name}=${url}`).join(","))
      .join(","),
    "initial-cluster-state": config.initialClusterState,
    "initial-cluster-token": config.initialClusterToken,
    "heartbeat-interval": `${config.tickMs}ms`,
    "election-timeout": `${config.tickMs * config.electionTicks}ms`,
    "snapshot-count": config.snapshotCountEntries,
    "snapshot-catchup-entries": config.snapshotCatchUpEntries,
    "quota-backend-bytes": config.quotaBytes,
    "max-request-bytes": config.requestBytesMax,
    "pre-vote": config.preVote,
  };
}

function serverFields(config: MemberConfig): Record<string, unknown> {
  return {
    name: config.name,
    "data-dir": resolve(config.dataDir),
    "advertise-peer-urls": config.advertisePeerUrls.map((url) => url.text),
    "advertise-client-urls": config.advertiseClientUrls.map((url) => url.text),
  };
}
