/** The port between members, over simulated lines: what rafthttp does over sockets, without the sockets. */
import { createMessage, MessageType, type Message } from "@quorate/raft";
import type { OutgoingSnapshot, PeerTransport, TransportIdentity } from "@quorate/server/world";
import type { Life } from "../world/life.js";
import type { SimNetwork } from "../world/sim-network.js";
import type { Directory, Place } from "./directory.js";

/** A database goes at 100 MB/s. */
const SNAPSHOT_BYTES_PER_MS = 100_000;
/** After so long a sender gives up on a database that nobody acknowledges. */
const SNAPSHOT_TIMEOUT_MS = 5000;
/** How often a member connects its streams anew, which is when it learns that it was removed. */
const CONNECT_MS = 500;
/** How soon a broken connection is noticed. */
const NOTICE_MS = 20;

export interface SimTransportParts {
  readonly identity: TransportIdentity;
  readonly place: Place;
  readonly directory: Directory;
  readonly network: SimNetwork;
  readonly life: Life;
  /** Sees what leaves, lost or not. */
  readonly onSent: (message: Message) => void;
  /** @returns true when it keeps the message, and calls `arrive` whenever that is to arrive. */
  readonly keep: (to: string, message: Message, arrive: () => void) => boolean;
}

export class SimTransport implements PeerTransport {
  readonly #parts: SimTransportParts;
  readonly #known = new Map<bigint, string>();
  /** Since when the other end answers. */
  readonly #activeSince = new Map<bigint, number>();

  constructor(parts: SimTransportParts) {
    this.#parts = parts;
    parts.life.scheduler.every(CONNECT_MS, () => this.#connect());
  }

  /** As with streams over HTTP: the other end refuses one whom it knows as removed, and learns where a stranger is to be found. */
  #connect(): void {
    const { network, place, identity } = this.#parts;
    for (const id of this.#known.keys()) {
      const to = this.#find(id);
      if (to === undefined) continue;
      const arrive = (): void => {
        const target = to.running;
        target?.life.run(() => {
          if (target.memberId !== id) return;
          if (target.events.isRemoved(identity.memberId)) this.#tellRemoved(to);
          else target.meet(identity.memberId, place.peerUrl);
        });
      };
      network.send(place.name, to.name, arrive, true);
    }
  }

  send(message: Message): void {
    const { network, life, identity, onSent, keep } = this.#parts;
    onSent(message);
    const to = this.#find(message.to);
    if (to === undefined) return;
    if (!this.#reaches(to)) {
      if (message.type === MessageType.MsgApp || message.type === MessageType.MsgHeartbeat)
        life.scheduler.after(NOTICE_MS, () => identity.inbox.reportUnreachable(message.to));
      return;
    }
    // What is on a line has been encoded: nobody changes it any more.
    const copy = createMessage({ ...message, entries: [...message.entries] });
    // A proposal that is doubled is proposed twice: raft cannot know, and no stream of bytes does that.
    const isReliable = message.type === MessageType.MsgProp;
    const arrive = (): void => this.#arrive(to, copy);
    if (!keep(to.name, copy, arrive)) network.send(this.#parts.place.name, to.name, arrive, isReliable);
  }

  #arrive(to: Place, message: Message): void {
    const target = to.running;
    if (target === undefined || target.memberId !== message.to) return;
    target.life.run(() => {
      if (target.events.receive(message) === "removed-member") this.#tellRemoved(to);
    });
  }

  #tellRemoved(by: Place): void {
    const { network, life, identity, place } = this.#parts;
    const reason = "the member has been permanently removed from the cluster";
    network.send(by.name, place.name, () => life.run(() => identity.inbox.onRemoved(reason)));
  }

  sendSnapshot(snapshot: OutgoingSnapshot): void {
    this.#sendSnapshot(snapshot).catch((error: unknown) => {
      throw error;
    });
  }

  async #sendSnapshot(snapshot: OutgoingSnapshot): Promise<void> {
    const { network, life, identity, place } = this.#parts;
    const { message } = snapshot;
    const parts: Uint8Array[] = [];
    for await (const chunk of snapshot.chunks) parts.push(chunk);
    const database = Buffer.concat(parts);
    snapshot.release();
    const index = message.snapshot?.metadata.index ?? 0;
    const to = this.#find(message.to);
    let isSettled = false;
    const settle = (delivered: boolean): void => {
      if (isSettled) return;
      isSettled = true;
      identity.inbox.reportSnapshot(message.to, delivered);
    };
    if (to === undefined || !this.#reaches(to)) {
      life.scheduler.after(NOTICE_MS, () => settle(false));
      return;
    }
    life.scheduler.after(SNAPSHOT_TIMEOUT_MS + database.length / SNAPSHOT_BYTES_PER_MS, () => settle(false));
    await life.sleep(database.length / SNAPSHOT_BYTES_PER_MS);
    const arrive = (): void => {
      const target = to.running;
      if (target === undefined || target.memberId !== message.to) return;
      target.life.run(() => {
        const path = target.receive(index, database);
        target.events.receiveSnapshot(createMessage(message), path).then(
          (reception) =>
            network.send(to.name, place.name, () => life.run(() => settle(reception === "accepted")), true),
          // As over HTTP: the other end hears of a failure, and asks again later.
          () => network.send(to.name, place.name, () => life.run(() => settle(false)), true),
        );
      });
    };
    if (!this.#parts.keep(to.name, message, arrive)) network.send(place.name, to.name, arrive, true);
  }

  addPeer(id: bigint, urls: readonly string[]): void {
    if (!this.#known.has(id)) this.#known.set(id, urls[0] ?? "");
  }

  addRemote(id: bigint, urls: readonly string[]): void {
    this.addPeer(id, urls);
  }

  updatePeer(id: bigint, urls: readonly string[]): void {
    this.#known.set(id, urls[0] ?? "");
  }

  removePeer(id: bigint): void {
    this.#known.delete(id);
  }

  removeAllPeers(): void {
    this.#known.clear();
  }

  activeSinceMs(id: bigint): number | undefined {
    const to = this.#find(id);
    if (to?.running === undefined || !this.#reaches(to)) {
      this.#activeSince.delete(id);
      return undefined;
    }
    const since = this.#activeSince.get(id) ?? this.#parts.life.clock.monotonicMs();
    this.#activeSince.set(id, since);
    return since;
  }

  stop(): Promise<void> {
    this.#known.clear();
    return Promise.resolve();
  }

  #find(id: bigint): Place | undefined {
    const url = this.#known.get(id);
    return url === undefined ? undefined : this.#parts.directory.findByUrl(url);
  }

  #reaches(to: Place): boolean {
    const { network, place } = this.#parts;
    return (
      to.running !== undefined && network.reaches(place.name, to.name) && network.reaches(to.name, place.name)
    );
  }
}
