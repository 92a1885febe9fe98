/** The member's side of the peer protocol: who the peers are, and how messages reach them. The other side is `server/`. */
import type { ServerResponse } from "node:http";
import { formatHexId } from "@quorate/proto";
import { isLocalMessage, MessageType, type Message } from "@quorate/raft";
import type { ClockPort, ReportPort } from "../member/ports.js";
import type { OutgoingSnapshot, PeerEvents, PeerTransport } from "../member/peer-ports.js";
import { MemberMeters } from "../metrics/member-meters.js";
import { systemClock } from "../node/system-ports.js";
import type { Connector, PeerTls } from "./http-request.js";
import type { PeerIdentity } from "./identity.js";
import { REMOTES_MAX } from "./limits.js";
import { Peer, type PeerContext } from "./peer.js";
import { Prober } from "./prober.js";
import { RemoteMember } from "./remote-member.js";
import { OpenSockets } from "./sockets.js";
import type { StreamKind } from "./stream-kind.js";

/** Heartbeats further apart than this times the limit are no late ones: the member did not lead in between. */
const HEARTBEATS_APART_MAX = 20;

export interface PeerTransportOptions {
  readonly identity: PeerIdentity;
  /** Called from the first `addPeer` on, never inside a call of the transport. */
  readonly events: PeerEvents;
  readonly report: ReportPort;
  /** Default: the system's. */
  readonly clock?: ClockPort;
  /** For peers with https URLs; looked at for each connection. */
  readonly tls?: PeerTls | undefined;
  /** Counts what goes to and fro; default: nobody reads it. */
  readonly meters?: MemberMeters;
  /** --heartbeat-interval: heartbeats further apart than this and one more are counted as late. Default: none are. */
  readonly heartbeatMs?: number;
  /** Default `PROBE_INTERVAL_MS`; shorter in tests. */
  readonly probeIntervalMs?: number;
  /** Default `STREAM_READ_TIMEOUT_MS`; shorter in tests. */
  readonly streamReadTimeoutMs?: number;
}

/** What the peer server asks of the transport: where the streams that others dial are plugged in. */
export interface StreamHost {
  readonly identity: PeerIdentity;
  readonly events: PeerEvents;
  hasPeer(id: bigint): boolean;
  addRemote(id: bigint, urls: readonly string[]): void;
  /** Hands the open answer of a stream request over. */
  attach(id: bigint, kind: StreamKind, response: ServerResponse): void;
}

export function createPeerTransport(options: PeerTransportOptions): RafthttpTransport {
  return new RafthttpTransport(options);
}

export class RafthttpTransport implements PeerTransport, StreamHost {
  readonly identity: PeerIdentity;
  readonly events: PeerEvents;
  readonly #report: ReportPort;
  readonly #context: PeerContext;
  readonly #prober: Prober;
  readonly #sockets = new OpenSockets();
  readonly #meters: MemberMeters;
  readonly #clock: ClockPort;
  readonly #lateHeartbeatMs: number;
  readonly #heartbeatAtMs = new Map<bigint, number>();
  readonly #peers = new Map<bigint, Peer>();
  readonly #remotes = new Map<bigint, RemoteMember>();
  #stopped = false;
  #removedTold = false;
  #localTold = false;

  constructor(options: PeerTransportOptions) {
    const { identity, events, report, clock = systemClock } = options;
    this.identity = identity;
    this.events = events;
    this.#report = report;
    const meters = options.meters ?? new MemberMeters();
    this.#meters = meters;
    this.#clock = clock;
    this.#lateHeartbeatMs = 2 * (options.heartbeatMs ?? Infinity);
    const connector: Connector = {
      get tls() {
        return options.tls;
      },
      sockets: this.#sockets,
    };
    this.#context = {
      identity,
      connector,
      clock,
      report,
      events,
      meters,
      onMessage: (message) => this.#receive(message),
      onRemoved: () => this.#onRemoved(),
      streamReadTimeoutMs: options.streamReadTimeoutMs,
    };
    this.#prober = new Prober({
      connector,
      clock,
      report,
      intervalMs: options.probeIntervalMs,
      onRoundTrip: (id, ms) => meters.peer(formatHexId(id)).roundTripSeconds.observe(ms / 1000),
    });
  }

  send(message: Message): void {
    if (message.to === 0n || this.#stopped) return;
    if (message.type === MessageType.MsgSnap) {
      // A database belongs to it, which is not here: raft tries again.
      queueMicrotask(() => this.events.reportSnapshot(message.to, false));
      return;
    }
    if (message.type === MessageType.MsgHeartbeat) this.#watchHeartbeat(message.to);
    const peer = this.#peers.get(message.to);
    if (peer !== undefined) peer.send(message);
    else this.#remotes.get(message.to)?.send(message);
  }

  sendSnapshot(snapshot: OutgoingSnapshot): void {
    const to = snapshot.message.to;
    const peer = this.#peers.get(to);
    if (peer !== undefined) {
      peer.sendSnapshot(snapshot);
      return;
    }
    snapshot.release();
    queueMicrotask(() => this.events.reportSnapshot(to, false));
  }

  addPeer(id: bigint, urls: readonly string[]): void {
    if (this.#stopped || id === this.identity.memberId || this.#peers.has(id)) return;
    this.#removeRemote(id);
    const peer = new Peer(id, urls, this.#context);
    this.#peers.set(id, peer);
    this.#prober.add(id, urls);
    peer.start();
    this.#tell("added remote peer", { "remote-peer-id": formatHexId(id), "remote-peer-urls": urls });
  }

  /** Beyond `REMOTES_MAX` the one that came first is forgotten. */
  addRemote(id: bigint, urls: readonly string[]): void {
    if (this.#stopped || id === this.identity.memberId) return;
    if (this.#peers.has(id) || this.#remotes.has(id)) return;
    const oldest = this.#remotes.keys().next();
    if (this.#remotes.size >= REMOTES_MAX && oldest.done !== true) this.#removeRemote(oldest.value);
    this.#remotes.set(id, new RemoteMember(urls, this.#context));
    this.#tell("added new remote peer", { "remote-peer-id": formatHexId(id), "remote-peer-urls": urls });
  }

  updatePeer(id: bigint, urls: readonly string[]): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    peer.picker.update(urls);
    this.#prober.add(id, urls);
    this.#tell("updated remote peer", {
      "updated-remote-peer-id": formatHexId(id),
      "updated-remote-peer-urls": urls,
    });
  }

  removePeer(id: bigint): void {
    this.#removeRemote(id);
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    this.#peers.delete(id);
    this.#heartbeatAtMs.delete(id);
    this.#prober.remove(id);
    peer.stop();
    this.#tell("removed remote peer", { "removed-remote-peer-id": formatHexId(id) });
  }

  removeAllPeers(): void {
    for (const id of [...this.#peers.keys()]) this.removePeer(id);
  }

  activeSinceMs(id: bigint): number | undefined {
    return this.#peers.get(id)?.status.activeSinceMs;
  }

  /** Encoded bytes that wait for the streams of a peer; 0 for one that is not there. */
  queuedBytes(id: bigint): number {
    return this.#peers.get(id)?.queuedBytes ?? 0;
  }

  /** Smoothed milliseconds to the peer and back; undefined before it has answered a probe. */
  roundTripMs(id: bigint): number | undefined {
    return this.#prober.roundTripMs(id);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#prober.stop();
    for (const peer of this.#peers.values()) peer.stop();
    for (const remote of this.#remotes.values()) remote.stop();
    this.#peers.clear();
    this.#remotes.clear();
    await this.#sockets.destroyAll();
  }

  hasPeer(id: bigint): boolean {
    return this.#peers.has(id);
  }

  attach(id: bigint, kind: StreamKind, response: ServerResponse): void {
    const peer = this.#peers.get(id);
    if (peer === undefined || this.#stopped) {
      response.destroy();
      return;
    }
    if (response.socket !== null) this.#sockets.adopt(response.socket);
    peer.attach(kind, response);
  }

  /** A leader that is late risks an election. Older ones are of another term of office. */
  #watchHeartbeat(to: bigint): void {
    const nowMs = this.#clock.monotonicMs();
    const apartMs = nowMs - (this.#heartbeatAtMs.get(to) ?? nowMs);
    const isSameTerm = apartMs < HEARTBEATS_APART_MAX * this.#lateHeartbeatMs;
    if (apartMs > this.#lateHeartbeatMs && isSameTerm) this.#meters.heartbeatSendFailures += 1;
    this.#heartbeatAtMs.set(to, nowMs);
  }

  #receive(message: Message): void {
    if (this.#stopped) return;
    if (!isLocalMessage(message.type)) {
      this.events.receive(message);
      return;
    }
    if (this.#localTold) return;
    this.#localTold = true;
    this.#tell("dropped a local Raft message that came over the network", {
      from: formatHexId(message.from),
      "message-type": message.type,
    });
  }

  #onRemoved(): void {
    if (this.#removedTold || this.#stopped) return;
    this.#removedTold = true;
    this.events.onRemoved("the member has been permanently removed from the cluster");
  }

  #removeRemote(id: bigint): void {
    this.#remotes.get(id)?.stop();
    this.#remotes.delete(id);
  }

  #tell(message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#report.info(message, { "local-member-id": formatHexId(this.identity.memberId), ...fields });
  }
}
