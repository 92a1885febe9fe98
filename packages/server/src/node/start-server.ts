/**
 * The composition root of a member on Node: opens what is on disk, starts the member, and serves clients once it has published
 * itself. Everything that has a lifetime is stopped here, in the opposite order.
 */
import { resolve } from "node:path";
import { createGrpcServer, listenClientPort, type ClientPort, type GrpcServer } from "@quorate/rpc";
import { registerServices } from "../api/register-services.js";
import { failureText } from "../api/to-status.js";
import { ProposalError, proposeRequest, type RequestInit } from "../member/internal-requests.js";
import { formatHexId } from "@quorate/proto";
import { createPeerTransport } from "../peers/transport.js";
import { createPeerLocal } from "./peer-local.js";
import { startPeerSide, type PeerSide } from "./peer-side.js";
import type { MemberConfig } from "./config/config.js";
import type { MemberUrl } from "./config/urls.js";
import { bindOptions, checkListenUrls } from "./listen-check.js";
import { createHttpEndpoints } from "./http-endpoints.js";
import type { Logger } from "./log/logger.js";
import { identityFromConfig } from "./bootstrap.js";
import { openMember, type OpenMember } from "./open-member.js";

export interface StartOptions {
  readonly config: MemberConfig;
  readonly logger: Logger;
  readonly versions: { readonly etcd: string; readonly quorate: string };
  /** The built thread of the database; without, the database runs in this thread, which is slower. */
  readonly engineThreadFile?: string;
  /** The member met something it can't go on with; nothing is acknowledged afterwards. Called at most once. */
  readonly onFatal: (error: Error) => void;
  /** The member was removed from its cluster: the process is to stop in order and not to come back. Called at most once. */
  readonly onRemoved: () => void;
}

export interface RunningServer {
  /** The bound client ports. */
  readonly clientPorts: readonly number[];
  /** Stops gracefully; resolves when everything acknowledged is on disk and all files are closed. */
  stop(): Promise<void>;
}

/** What a message may be larger than the largest request: the room for envelopes. Source: etcd `grpcOverheadBytes`. */
const GRPC_OVERHEAD_BYTES = 512 * 1024;
const GRPC_DRAIN_MS = 5000;
/** Between attempts to put the member's own requests into the log. */
const RETRY_INTERVAL_MS = 100;

/** @throws whatever kept the member from starting; nothing is left open then. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { config, logger, versions } = options;
  logger.info("starting an etcd server", startFields(config, versions));
  await checkListenUrls([...config.listenClientUrls, ...config.listenPeerUrls]);
  const open = await openMember(options, {
    birth: () => Promise.resolve(identityFromConfig(config)),
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
      }),
  });
  try {
    const peers = await startPeerSide({
      urls: config.listenPeerUrls,
      host: open.transport,
      local: createPeerLocal(open),
      logger,
      snapshotDirectory: open.snapPath,
    });
    try {
      return await serve(options, open, peers);
    } catch (error) {
      await peers.stop();
      throw error;
    }
  } catch (error) {
    await open.close();
    throw error;
  }
}

async function serve(
  { config, logger, versions, onFatal }: StartOptions,
  open: OpenMember,
  peers: PeerSide,
): Promise<RunningServer> {
  const grpc = createGrpcServer({
    maxReceiveMessageBytes: config.requestBytesMax + GRPC_OVERHEAD_BYTES,
    maxConcurrentStreams: config.concurrentStreamsMax,
    keepaliveTimeMs: config.keepaliveIntervalMs,
    keepaliveTimeoutMs: config.keepaliveTimeoutMs,
    keepaliveMinPingIntervalMs: config.keepaliveMinTimeMs,
  });
  const services = registerServices(grpc, open.facade, {
    txnOpsMax: config.txnOpsMax,
    requestBytesMax: config.requestBytesMax,
    leases: open.leases,
    scheduler: open.ports.scheduler,
    electionTimeoutMs: config.electionTicks * config.tickMs,
    onError: (error) => onFatal(error instanceof Error ? error : new Error(String(error))),
  });
  const http = createHttpEndpoints({
    member: open.facade,
    clusterVersion: () => open.machine.cluster.version,
    storageVersion: () => open.facade.storage.schemaVersion,
    failureText,
    onError: (error) => logger.warn("failed to answer an http request", { error }),
  });
  open.start();
  await Promise.all([publish(open, config), decideClusterVersion(open, versions.etcd)]);
  logger.info("published local member to cluster through raft", {
    "local-member-id": formatHexId(open.facade.memberId),
    "local-member-attributes": `{Name:${config.name} ClientURLs:[${texts(config.advertiseClientUrls)}]}`,
    "cluster-id": formatHexId(open.facade.clusterId),
  });
  const ports: ClientPort[] = [];
  try {
    for (const url of config.listenClientUrls) {
      ports.push(
        await listenClientPort(grpc, {
          ...bindOptions(url),
          onHttp1: (socket) => void http.emit("connection", socket),
        }),
      );
    }
  } catch (error) {
    await closePorts(ports, grpc);
    throw error;
  }
  logger.info("ready to serve client requests");
  for (const url of config.listenClientUrls) {
    logger.info("serving client traffic insecurely; this is strongly discouraged!", {
      traffic: "grpc+http",
      address: `${url.host}:${url.port}`,
    });
  }
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    logger.info("closing etcd server", serverFields(config));
    // Streams that would wait for news of the health for ever end first.
    services.stop();
    // Before the clients go: until another leads, their writes still have a way.
    await open.handOver();
    await closePorts(ports, grpc);
    http.closeAllConnections();
    http.close();
    await peers.stop();
    await open.close();
    logger.info("closed etcd server", serverFields(config));
  };
  return {
    clientPorts: ports.map((port) => port.port),
    stop: () => (stopping ??= stop()),
  };
}

async function closePorts(ports: readonly ClientPort[], grpc: GrpcServer): Promise<void> {
  const closed = ports.map((port) => port.close());
  await grpc.drain(GRPC_DRAIN_MS);
  grpc.close();
  await Promise.all(closed);
}

/** Tells the cluster our name and client URLs, again and again until it is in the log. */
function publish(open: OpenMember, config: MemberConfig): Promise<void> {
  const clientUrls = config.advertiseClientUrls.map((url) => url.text);
  return proposeUntilApplied(open, {
    clusterMemberAttrSet: {
      memberID: open.facade.memberId,
      memberAttributes: { name: config.name, clientUrls },
    },
  });
}

/** The lowest version of all members is the cluster's; the only member's own version is. It only ever rises. */
async function decideClusterVersion(open: OpenMember, version: string): Promise<void> {
  if (open.machine.cluster.version === version) return;
  await proposeUntilApplied(open, { clusterVersionSet: { ver: version } });
}

/** Tries again until the request is in the log; a member that replays a long log refuses proposals for a while. */
async function proposeUntilApplied(open: OpenMember, request: RequestInit): Promise<void> {
  for (;;) {
    try {
      await proposeRequest(open.member, request);
      return;
    } catch (error) {
      if (!(error instanceof ProposalError) || open.member.stopped) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
  }
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

function texts(urls: readonly MemberUrl[]): string {
  return urls.map((url) => url.text).join(" ");
}
