/** A member for tests: transport and server on a loopback port, with a driver that writes down what it is told. */
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { connect, createServer, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Message } from "@quorate/raft";
import type { ReportPort } from "../../member/ports.js";
import type { PeerEvents, Reception } from "../../member/peer-ports.js";
import type { PeerLocalPort } from "../local-port.js";
import { createPeerServer, type PeerServer } from "../server/peer-server.js";
import type { VerifyDatabase } from "../snapshot-file.js";
import { createPeerTransport, type RafthttpTransport } from "../transport.js";

export interface PeerNodeOptions {
  readonly id: bigint;
  readonly clusterId?: bigint;
  readonly serverVersion?: string;
  readonly verifyDatabase?: VerifyDatabase;
  readonly local?: Partial<PeerLocalPort>;
  readonly streamReadTimeoutMs?: number;
  readonly probeIntervalMs?: number;
}

export class PeerNode implements PeerEvents {
  readonly id: bigint;
  readonly received: Message[] = [];
  readonly snapshots: { message: Message; path: string }[] = [];
  readonly unreachable: bigint[] = [];
  readonly snapshotReports: { id: bigint; delivered: boolean }[] = [];
  readonly removedReasons: string[] = [];
  readonly removedIds = new Set<bigint>();
  readonly log: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  reception: Reception = "accepted";
  url = "";
  directory = "";
  transport!: RafthttpTransport;
  server!: PeerServer;
  #http!: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(id: bigint) {
    this.id = id;
  }

  static async start(options: PeerNodeOptions): Promise<PeerNode> {
    const node = new PeerNode(options.id);
    node.directory = await mkdtemp(join(tmpdir(), "quorate-peer-"));
    const { clusterId = 0xc1n, serverVersion = "3.7.0" } = options;
    const report: ReportPort = {
      info: (message, fields = {}) => node.log.push({ message, fields }),
      warn: (message, fields = {}) => node.log.push({ message, fields }),
    };
    // The URL must be known before the transport is made, and the server needs the transport.
    const port = await freePort();
    node.url = `http://127.0.0.1:${port}`;
    node.transport = createPeerTransport({
      identity: { memberId: options.id, clusterId, urls: [node.url], serverVersion },
      events: node,
      report,
      ...(options.streamReadTimeoutMs !== undefined && { streamReadTimeoutMs: options.streamReadTimeoutMs }),
      ...(options.probeIntervalMs !== undefined && { probeIntervalMs: options.probeIntervalMs }),
    });
    node.server = createPeerServer({
      host: node.transport,
      // Getters stay getters, so that tests can let time pass.
      local: Object.defineProperties(
        emptyLocal(options.id, clusterId, serverVersion),
        Object.getOwnPropertyDescriptors(options.local ?? {}),
      ),
      report,
      snapshotDirectory: node.directory,
      verifyDatabase: options.verifyDatabase ?? (() => Promise.resolve(undefined)),
    });
    node.#http = node.server.createHttpServer();
    node.#http.on("connection", (socket: Socket) => {
      node.#sockets.add(socket);
      socket.on("close", () => node.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => node.#http.listen(port, "127.0.0.1", resolve));
    return node;
  }

  receive(message: Message): Reception {
    this.received.push(message);
    return this.reception;
  }

  receiveSnapshot(message: Message, path: string): Promise<Reception> {
    this.snapshots.push({ message, path });
    return Promise.resolve(this.reception);
  }

  reportUnreachable(id: bigint): void {
    this.unreachable.push(id);
  }

  reportSnapshot(id: bigint, delivered: boolean): void {
    this.snapshotReports.push({ id, delivered });
  }

  isRemoved(id: bigint): boolean {
    return this.removedIds.has(id);
  }

  onRemoved(reason: string): void {
    this.removedReasons.push(reason);
  }

  /** How often the log told `message`, optionally of one stream. */
  told(message: string): number {
    return this.log.filter((line) => line.message === message).length;
  }

  /** Cuts every connection that others have made to this node. */
  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    await this.transport.stop();
    await this.server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function emptyLocal(memberId: bigint, clusterId: bigint, serverVersion: string): PeerLocalPort {
  return {
    memberId,
    clusterId,
    serverVersion,
    clusterVersion: () => undefined,
    storageVersion: () => undefined,
    members: () => [],
    promote: () => Promise.resolve({ kind: "failed", failure: "not-leader" }),
    leases: {
      renew: () => Promise.resolve("lease-not-found"),
      timeToLive: () => Promise.resolve("lease-not-found"),
    },
    committedIndex: 0,
    appliedIndex: 0,
    hashKv: () => Promise.resolve("compacted"),
    downgradeEnabled: () => Promise.resolve(false),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Makes the nodes peers of one another. */
export function introduce(...nodes: readonly PeerNode[]): void {
  for (const node of nodes) {
    for (const other of nodes) if (other !== node) node.transport.addPeer(other.id, [other.url]);
  }
}

/** Resolves once `condition` holds; vitest's time limit is the only other way out. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Sends bytes to a port and resolves with everything that comes back until the other side closes. */
export function exchange(url: string, request: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.on("data", (chunk: Buffer) => parts.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(parts).toString("latin1")));
    socket.on("error", reject);
  });
}

export async function close(server: NetServer): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
