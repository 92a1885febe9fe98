/**
 * What the member driver and the peers want of one another. The transport moves messages of raft and databases between members;
 * what they mean is decided by the driver. Node's adapter (`peers/`) implements `PeerTransport` over etcd's rafthttp; the
 * simulator implements it over a virtual network.
 */
import type { Message } from "@quorate/raft";
import type { TransportPort } from "./ports.js";

/** A database on its way to a follower. */
export interface OutgoingSnapshot {
  /** MsgSnap whose metadata name the state that the database holds. */
  readonly message: Message;
  /** The whole database file in order. Read once; ends with an error when the file can't be read. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Called exactly once when the transfer has ended either way: the file behind it may go. */
  release(): void;
}

export interface PeerTransport extends TransportPort {
  /** Queues a message by `to`; drops it silently when `to` is 0n or unknown. Never blocks; MsgSnap goes through `sendSnapshot`. */
  send(message: Message): void;
  /** Sends a database to `message.to`; the outcome is told to `PeerEvents.reportSnapshot`. */
  sendSnapshot(snapshot: OutgoingSnapshot): void;
  /** A member of the configuration: streams both ways. Does nothing for one that is there already. */
  addPeer(id: bigint, urls: readonly string[]): void;
  /** A member that is known from elsewhere and not (yet) in the configuration: can be answered by POST only. */
  addRemote(id: bigint, urls: readonly string[]): void;
  updatePeer(id: bigint, urls: readonly string[]): void;
  /** Does nothing for one that is not there. */
  removePeer(id: bigint): void;
  removeAllPeers(): void;
  /** Monotonic milliseconds since which the peer has answered without fail; undefined while it does not. */
  activeSinceMs(id: bigint): number | undefined;
  /** Ends all connections; resolves when the sockets are closed. */
  stop(): Promise<void>;
}

/** How the driver took a message from the network. */
export type Reception = "accepted" | "removed-member" | "mismatched-member" | "failed";

/** Calls of the transport into the member. They never throw or reject, and do not block. */
export interface PeerEvents {
  /** A message for this member. `removed-member`: the sender was removed; `mismatched-member`: `to` is another member. */
  receive(message: Message): Reception;
  /**
   * A database that lies complete, checked and durable in `path`, with its MsgSnap. Takes as long as making it ready to be
   * installed takes: the sender's answer waits for it.
   */
  receiveSnapshot(message: Message, path: string): Promise<Reception>;
  reportUnreachable(id: bigint): void;
  reportSnapshot(id: bigint, delivered: boolean): void;
  isRemoved(id: bigint): boolean;
  /** Others say that this member was removed from the cluster: it stops for good. */
  onRemoved(reason: string): void;
}
