/**
 * Keeps the transport's peers equal to the member list. Connections to members that stay, stay: a database from the leader replaces
 * the whole list, and most of it is the same.
 */
import type { MemberRow } from "../api/member-port.js";
import type { PeerTransport } from "../member/peer-ports.js";

type Peers = Pick<PeerTransport, "addPeer" | "updatePeer" | "removePeer">;

export class PeerRoster {
  readonly #memberId: bigint;
  readonly #transport: Peers;
  /** URLs by id. */
  readonly #peers = new Map<bigint, readonly string[]>();

  constructor(memberId: bigint, transport: Peers) {
    this.#memberId = memberId;
    this.#transport = transport;
  }

  replace(members: readonly Pick<MemberRow, "id" | "peerUrls">[]): void {
    const ids = new Set(members.map(({ id }) => id));
    for (const id of [...this.#peers.keys()]) {
      if (ids.has(id)) continue;
      this.#peers.delete(id);
      this.#transport.removePeer(id);
    }
    for (const { id, peerUrls } of members) {
      if (id === this.#memberId) continue;
      const known = this.#peers.get(id);
      this.#peers.set(id, peerUrls);
      if (known === undefined) this.#transport.addPeer(id, peerUrls);
      else if (known.join() !== peerUrls.join()) this.#transport.updatePeer(id, peerUrls);
    }
  }
}
